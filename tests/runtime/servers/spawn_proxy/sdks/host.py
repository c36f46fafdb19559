"""A foreign SDK in Python, old dialect: registers `counter`, counts in JSON, and invokes; plain HTTP, protobuf by hand.

Environment as the proxy shows it: PROXY_HTTP_HOST, PROXY_HTTP_PORT, USER_FUNCTION_PORT, PROXY_ACTOR_SYSTEM_NAME.
Lines on standard input are values to add; each answer is printed.
"""

import http.client
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

JSON_URL = "type.googleapis.com/eigr.functions.protocol.JSONType"
SYSTEM = os.environ["PROXY_ACTOR_SYSTEM_NAME"]


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(number << 3 | 2) + varint(len(data)) + data


def number(number, value):
    return varint(number << 3) + varint(value)


def read(data):
    """Fields by number; of a repeated one the last."""
    fields, at = {}, 0

    def next_varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = next_varint()
        if tag & 7 == 2:
            size = next_varint()
            fields[tag >> 3] = data[at : at + size]
            at += size
        else:
            fields[tag >> 3] = next_varint()
    return fields


def pack(value):
    return field(1, JSON_URL) + field(2, field(1, json.dumps(value)))


def unpack(data):
    packed = read(data)
    if packed[1].decode() != JSON_URL:
        raise TypeError(f"unknown type {packed[1].decode()}")
    return json.loads(read(packed[2])[1])


class Actions(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        call = read(self.rfile.read(int(self.headers["content-length"])))
        try:
            state = unpack(read(call[3])[1])
            state = {"n": state["n"] + unpack(call[4])["value"], "by": "python"}
            status, body = 200, field(3, field(1, pack(state))) + field(4, pack(state))
        except Exception as error:
            status, body = 500, f"{type(error).__name__}: {error}".encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def post(path, body):
    connection = http.client.HTTPConnection(
        os.environ["PROXY_HTTP_HOST"], int(os.environ["PROXY_HTTP_PORT"]), timeout=120
    )
    connection.request("POST", path, body, {"content-type": "application/octet-stream"})
    answer = connection.getresponse()
    return answer.status, read(answer.read())


def register():
    identity = field(1, "counter") + field(2, SYSTEM)
    settings = number(1, 1) + number(2, 1)
    # An old SDK sends a channel as one string.
    actor = (
        field(1, identity)
        + field(2, field(2, pack({"n": 0, "by": "nobody"})))
        + field(3, settings)
        + field(4, field(1, "add"))
        + field(6, field(1, "counters"))
    )
    registry = field(1, field(1, "counter") + field(2, actor))
    service = field(1, "python-script") + field(2, "1") + number(6, 1) + number(7, 1)
    return post("/api/v1/system", field(1, service) + field(2, field(1, SYSTEM) + field(2, registry)))


def invoke(value):
    identity = field(1, "counter") + field(2, SYSTEM)
    body = (
        field(1, field(1, SYSTEM)) + field(2, field(1, identity)) + field(3, "add") + field(4, pack({"value": value}))
    )
    status, answer = post(f"/api/v1/system/{SYSTEM}/actors/counter/invoke", body)
    return unpack(answer[4]) if status == 200 else {"error": read(answer[1])[2].decode()}


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["USER_FUNCTION_PORT"])), Actions)
threading.Thread(target=server.serve_forever, daemon=True).start()
status, answer = register()
print(json.dumps({"registered": status, "message": read(answer[1])[2].decode()}), flush=True)
for line in sys.stdin:
    print(json.dumps(invoke(int(line))), flush=True)
