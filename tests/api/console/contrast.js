// What is below WCAG AA's 4.5 : 1: every element with text of its own, over all that is painted behind it.
// A canvas paints the colours, so that color-mix and the like come back as numbers.
() => {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const over = (colour, below) => {
    context.fillStyle = `rgb(${below.join(" ")})`;
    context.fillRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const behind = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement)
      layers.push(getComputedStyle(each).backgroundColor);
    return layers.reduceRight((below, colour) => over(colour, below), [255, 255, 255]);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb
      .map((part) => part / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.matches(":disabled, noscript")) continue;
    const ground = behind(element);
    const [high, low] = [light(over(getComputedStyle(element).color, ground)), light(ground)].sort(
      (a, b) => b - a,
    );
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5)
      faint.push(
        `${element.className || element.tagName} "${element.textContent.slice(0, 30)}" ${contrast.toFixed(2)}`,
      );
  }
  return faint;
};
