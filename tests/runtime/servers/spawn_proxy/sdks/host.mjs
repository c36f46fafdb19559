// A foreign SDK in Node, new dialect: registers `counter`, counts in JSON, and invokes; plain HTTP, protobuf by hand.
//
// Environment as the proxy shows it: SPAWN_PROXY_URL, SPAWN_ACTION_PORT, PROXY_ACTOR_SYSTEM_NAME.
// Lines on standard input are values to add; each answer is printed.
import http from "node:http";
import readline from "node:readline";

const JSON_URL = "type.googleapis.com/spawn.JSONType";
const SYSTEM = process.env.PROXY_ACTOR_SYSTEM_NAME;

function varint(number) {
  const bytes = [];
  for (; number > 127; number = Math.floor(number / 128)) bytes.push((number % 128) | 128);
  return Buffer.from([...bytes, number]);
}

function field(number, data) {
  const bytes = Buffer.from(data);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

const count = (number, value) => Buffer.concat([varint(number * 8), varint(value)]);
const message = (...fields) => Buffer.concat(fields);

// Fields by number; of a repeated one the last.
function read(data) {
  const fields = {};
  let at = 0;
  const next = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = data[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < data.length) {
    const tag = next();
    if (tag % 8 === 2) {
      const size = next();
      fields[tag >> 3] = data.subarray(at, at + size);
      at += size;
    } else fields[tag >> 3] = next();
  }
  return fields;
}

const pack = (value) => message(field(1, JSON_URL), field(2, field(1, JSON.stringify(value))));

function unpack(data) {
  const packed = read(data);
  if (packed[1].toString() !== JSON_URL) throw new TypeError(`unknown type ${packed[1]}`);
  return JSON.parse(read(packed[2])[1].toString());
}

async function body(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const server = http.createServer(async (request, response) => {
  try {
    const call = read(await body(request));
    const before = unpack(read(call[3])[1]);
    const state = { n: before.n + unpack(call[4]).value, by: "node" };
    response.writeHead(200, { "content-type": "application/octet-stream" });
    response.end(message(field(3, field(1, pack(state))), field(4, pack(state))));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});

async function post(path, data) {
  const answer = await fetch(process.env.SPAWN_PROXY_URL + path, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: data,
  });
  return [answer.status, read(Buffer.from(await answer.arrayBuffer()))];
}

const identity = message(field(1, "counter"), field(2, SYSTEM));

function register() {
  const channel = message(field(1, "counters"), field(2, "receive"));
  const actor = message(
    field(1, identity),
    field(2, field(2, pack({ n: 0, by: "nobody" }))),
    field(3, message(count(1, 1), count(2, 1))),
    field(4, field(1, "add")),
    field(6, field(1, channel)),
  );
  const registry = field(1, message(field(1, "counter"), field(2, actor)));
  const service = message(field(1, "node-script"), field(2, "1"), count(6, 1), count(7, 2));
  return post("/api/v1/system", message(field(1, service), field(2, message(field(1, SYSTEM), field(2, registry)))));
}

async function invoke(value) {
  const request = message(field(1, field(1, SYSTEM)), field(2, field(1, identity)), field(3, "add"), field(4, pack({ value })));
  const [status, answer] = await post(`/api/v1/system/${SYSTEM}/actors/counter/invoke`, request);
  return status === 200 ? unpack(answer[4]) : { error: read(answer[1])[2].toString() };
}

server.listen(Number(process.env.SPAWN_ACTION_PORT), "127.0.0.1", async () => {
  const [status, answer] = await register();
  console.log(JSON.stringify({ registered: status, message: read(answer[1])[2].toString() }));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await invoke(Number(line))));
  }
  process.exit(0);
});
