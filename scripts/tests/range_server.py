"""A small HTTP server on loopback for get-glue.test.sh: serves a folder, understands byte ranges
(unlike http.server), and can break off the first transfer of every file.

usage: range_server.py FOLDER LOG [--cut BYTES] [--no-ranges]
Prints its port on the first line; writes a line per request, "PATH RANGE-HEADER", to LOG.
"""

import argparse
import http.server
import os
import re
import sys


def make_handler(arguments):
    broken_off = set()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            requested = self.headers.get("Range", "-")
            with open(arguments.log, "a") as log:
                log.write(f"{self.path} {requested}\n")
            path = os.path.join(arguments.folder, self.path.lstrip("/"))
            if not os.path.isfile(path):
                self.send_error(404)
                return
            with open(path, "rb") as file:
                content = file.read()
            start = 0
            match = re.fullmatch(r"bytes=(\d+)-", requested)
            if match and not arguments.no_ranges:
                start = int(match.group(1))
                if start >= len(content):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(content)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            else:
                self.send_response(200)
            body = content[start:]
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if arguments.cut and self.path not in broken_off:
                broken_off.add(self.path)
                body = body[: arguments.cut]
                self.close_connection = True
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("log")
    parser.add_argument("--cut", type=int, default=0)
    parser.add_argument("--no-ranges", action="store_true")
    arguments = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), make_handler(arguments))
    print(server.server_address[1])
    sys.stdout.flush()
    server.serve_forever()
