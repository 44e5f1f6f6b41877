"""coaxd's API as its agents see it: tokens, POST and GET /v1/quarantine, and the event stream. It is strict: what coaxd would refuse, it refuses."""
import datetime
import http.server
import json
import queue
import re
import threading
import time

TOKEN = "s3nsor-token"
BODY = {"ip": str, "scope": str, "reason": str, "source": str, "signature": str, "count": int, "ttl": int, "observed_at": str, "event_id": str, "evidence": dict}


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def wrong_with(body):
    """Why coaxd would not take this body, or None."""
    for key, value in body.items():
        if key not in BODY or type(value) is not BODY[key]:
            return f"{key}: not expected, or not of its type"
    if not {"ip", "scope", "reason", "source", "signature", "count", "observed_at", "event_id", "evidence"} <= body.keys():
        return "a key is missing"
    if not re.fullmatch(r"(\d{1,3}\.){3}\d{1,3}", body["ip"]) or body["scope"] not in ("cpe", "subscriber", "modem"):
        return "no address, or no scope"
    datetime.datetime.fromisoformat(body["observed_at"])
    if not body["evidence"] or not body["signature"] or not body["reason"] or body["count"] < 1 or max(len(body[key].encode()) for key in ("signature", "reason", "source")) > 1000:
        return "what a sensor must say"
    if not body["observed_at"].endswith("Z") or not re.fullmatch(r"[0-9a-f]{32}", body["event_id"]) or len(json.dumps(body)) > 8192:
        return "observed_at, event_id or size"
    return None


class Api:
    def __init__(self, token=TOKEN):
        self.token, self.bodies, self.answers, self.lists, self.complaints = token, [], [], 0, []
        self.quarantines, self.streams, self.connects, self.page, self.last_event_ids = {}, [], 0, 100, []
        self.sequence = 0
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def answer(self, status, value, headers=(), kind="application/json"):
                octets = json.dumps(value).encode()
                self.send_response(status)
                for name, text in [("Content-Type", kind if status < 400 else "application/problem+json"), ("Content-Length", str(len(octets))), *headers]:
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(octets)

            def authorised(self):
                if self.headers.get("Authorization") == f"Bearer {api.token}":
                    return True
                self.answer(401, {"title": "Unauthorized", "status": 401, "detail": "no such token"})
                return False

            def do_POST(self):
                octets = self.rfile.read(int(self.headers["Content-Length"]))
                if self.authorised():
                    self.answer(*api.post(self.path, self.headers, octets))

            def do_GET(self):
                if not self.authorised():
                    return
                if self.path.startswith("/v1/quarantine"):
                    self.answer(*api.list(self.path))
                elif self.path == "/v1/events":
                    api.stream(self)
                else:
                    self.answer(404, {"title": "Not Found", "status": 404})

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):      # a client that is killed
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        for stream in self.streams:
            stream.put(None)
        self.server.shutdown()
        self.server.server_close()

    # POST /v1/quarantine: a status of `answers` for each, then 201; 200 where the event is known.

    def post(self, path, headers, octets):
        body = json.loads(octets)
        wrong = "no such path" if path != "/v1/quarantine" else "no JSON" if headers["Content-Type"] != "application/json" else wrong_with(body)
        if wrong:
            self.complaints.append((wrong, body))
            return 400, {"title": "Bad Request", "status": 400, "detail": wrong}
        if self.answers:
            status, more = self.answers.pop(0)
            if status:
                return status, {"title": "so it is", "status": status, "detail": "as the test says"}, more
        known = any(body["event_id"] == one["event_id"] for one in self.bodies)
        self.bodies.append(body)
        return 200 if known else 201, {"id": f"q-{len(self.bodies)}", "ip": body["ip"], "state": "active"}

    # GET /v1/quarantine and GET /v1/events

    def list(self, path):
        self.lists += 1
        cursor = re.search(r"[?&]cursor=(\d+)", path)
        begin = int(cursor[1]) if cursor else 0
        everything = list(self.quarantines.values())
        more = begin + self.page < len(everything)
        return 200, {"quarantines": everything[begin:begin + self.page], "next": str(begin + self.page) if more else None}

    def stream(self, handler):
        self.connects += 1
        self.last_event_ids.append(handler.headers.get("Last-Event-ID"))
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        mine = queue.Queue()
        self.streams.append(mine)
        handler.wfile.write(b": here\n\n")
        while (octets := mine.get()) is not None:
            handler.wfile.write(octets)
        handler.close_connection = True

    def hang_up(self):
        for stream in self.streams:
            stream.put(None)
        self.streams.clear()

    def send(self, octets):
        for stream in self.streams:
            stream.put(octets)

    def change(self, identity, state="active", addresses=(), until=None, event=None, tell=True):
        value = {"id": identity, "ip": (list(addresses) or [None])[0], "scope": "cpe", "subject": {"ip": None, "mac": None, "modem": None}, "addresses": list(addresses),
                 "reason": "port scan", "source": "suricata", "since": "2026-11-23T12:00:00Z", "until": until, "state": state}
        if state == "active":
            self.quarantines[identity] = value
        else:
            self.quarantines.pop(identity, None)
        self.sequence += 1
        if tell:
            kind = event or ("quarantine" if state == "active" else "release")
            self.send(f"id: {self.sequence}\nevent: {kind}\ndata: {json.dumps(value)}\n\n".encode())
