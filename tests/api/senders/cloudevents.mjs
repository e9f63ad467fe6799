// Sends one event in headers and structured: node cloudevents.mjs URL
import { CloudEvent, HTTP } from 'cloudevents';

const [url] = process.argv.slice(2);
const attributes = { source: '/js', type: 'sdk.sent', time: '2026-01-02T03:04:05.678Z', subject: 'a b' };
const events = [
  new CloudEvent({ ...attributes, id: 'object', data: { n: 1.5, deep: [[{ a: null }]] } }),
  new CloudEvent({ ...attributes, id: 'text', data: 'hi "é"', datacontenttype: 'text/plain' }),
  new CloudEvent({ ...attributes, id: 'bytes', data: new Uint8Array([255, 0, 1]), datacontenttype: 'image/png' }),
];
for (const event of events) {
  for (const message of [HTTP.binary(event), HTTP.structured(event)]) {
    const answer = await fetch(url, { method: 'POST', headers: message.headers, body: message.body });
    console.log(answer.status);
  }
}
