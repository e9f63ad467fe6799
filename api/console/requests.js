// Requests to the API of this service. Paths are relative: it may lie behind a proxy, below any path.

export class Problem extends Error {
  // The members of the problem document that was answered, if one was.
  constructor(
    status,
    { code = "", detail = "", title = "", request_id: requestId = "", sqlstate, hint, position } = {},
  ) {
    super(detail || title || `the service answered ${status}`);
    Object.assign(this, { status, code, requestId, sqlstate, hint, position });
  }

  // Nobody answered, or somebody for a service that is not there now: worth waiting for.
  get isAway() {
    return (
      this.status === 0 || this.status === 502 || this.status === 504 || this.code === "database_unavailable"
    );
  }
}

export function address(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return path + (text ? `?${text}` : "");
}

export async function request(path, options) {
  let response;
  try {
    response = await fetch(path, { headers: { Accept: "application/json" }, cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "the service cannot be reached" });
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  // /health tells what is wrong in an ordinary document.
  if (body.status && typeof body.status === "string") return new Response(JSON.stringify(body));
  throw new Problem(response.status, body);
}

export async function read(path, parameters, options) {
  const response = await request(address(path, parameters), options);
  return response.json();
}

// A page of a list, the place after it, and that of the next page while there is more.
export async function readPage(path, parameters, options) {
  const response = await request(address(path, parameters), options);
  const items = parseExactly(await response.text());
  const cursor = response.headers.get("Eventlog-Cursor");
  return { items, cursor, next: response.headers.has("Link") ? cursor : null };
}

export async function readExactly(path, options) {
  return parseExactly(await (await request(path, options)).text());
}

export async function send(method, path, body) {
  const headers = { Accept: "application/json", ...(body ? { "Content-Type": "application/json" } : {}) };
  const response = await request(path, { method, headers, body: body && JSON.stringify(body) });
  return response.status === 204 ? null : response.json();
}

// JSON.parse, but a number that a double cannot hold, or that is written in another way than ours,
// stays the text that it is, where the browser can do that.
export function parseExactly(text) {
  if (!JSON.rawJSON) return JSON.parse(text);
  return JSON.parse(text, (key, value, context) =>
    typeof value === "number" && context?.source !== undefined && String(value) !== context.source
      ? JSON.rawJSON(context.source)
      : value,
  );
}
