"""Starts the example server, calls it once, stops it. Usage: local_kinesis.py PROGRAM. Standard library only."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

READY = "local Kinesis ready at "


def call(endpoint, operation, members, ca_file):
    context = ssl.create_default_context(cafile=ca_file)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    request = urllib.request.Request(
        endpoint,
        data=json.dumps(members).encode(),
        headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "Kinesis_20131202." + operation,
            "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/kinesis/aws4_request, "
            "SignedHeaders=host, Signature=0",
            "X-Amz-Date": "20260101T000000Z",
        },
    )
    with opener.open(request, timeout=10) as answer:
        return json.load(answer)


def run(program, *arguments, ca_file=None):
    """Gives the milliseconds from the start of the process to its last ready line."""
    began = time.monotonic()
    command = [program, "--port", "0", "--stream", "orders:4", *arguments]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        lines = [server.stdout.readline() for _ in range(2 if ca_file else 1)]
        took = (time.monotonic() - began) * 1000
        for line in lines:
            assert line.startswith(READY), line
            listed = call(line[len(READY) :].strip(), "ListShards", {"StreamName": "orders"}, ca_file)
            assert len(listed["Shards"]) == 4, listed
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=10) == 0, server.returncode
        return took
    finally:
        server.kill()


def is_closed(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
    except ConnectionError:
        return True
    return False


def stops_all_doors_and_ends_at_the_second_signal(program, folder):
    """A request without its body is in flight, and the stop would wait for it for an hour."""
    settings = os.path.join(folder, "settings.json")
    with open(settings, "w") as file:
        json.dump({"shutdown_time_ms": 3_600_000, "body_timeout_ms": 3_600_000}, file)
    arguments = ["--port", "0", "--settings", settings, "--tls-port", "0", "--ca-file", os.path.join(folder, "a.pem")]
    pipe = subprocess.PIPE
    server = subprocess.Popen([program, *arguments], stdout=pipe, stderr=pipe, text=True)
    try:
        ports = [int(server.stdout.readline().strip().rsplit(":", 1)[1]) for _ in range(2)]
        client = socket.create_connection(("127.0.0.1", ports[0]), timeout=10)
        head = "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
        client.sendall((head + "X-Amz-Target: Kinesis_20131202.ListShards\r\n\r\n").encode())
        assert client.recv(1 << 10).startswith(b"HTTP/1.1 100 ")
        server.send_signal(signal.SIGINT)
        deadline = time.monotonic() + 10
        while not all(is_closed(port) for port in ports):
            assert time.monotonic() < deadline, "a door is still open"
        assert server.poll() is None, "it did not wait for the answer in flight"
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=10) == 1, server.returncode
        assert "stopped again" in server.stderr.read()
        client.close()
    finally:
        server.kill()


def show(what, times):
    times = sorted(times)
    median = times[len(times) // 2]
    print(f"{what}: ready after {times[0]:.1f} to {times[-1]:.1f} ms, median {median:.1f} ms, of {len(times)} starts")


def refuses(program, *arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=10)
    assert done.returncode == 2 and not done.stdout, done
    assert done.stderr.startswith("local_kinesis: "), done


program = sys.argv[1]
refuses(program, "--prot", "4567")
refuses(program, "--stream", "orders")
refuses(program, "--settings", "/nowhere")
refuses(program, "--tls-port", "0")
show("HTTP", [run(program) for _ in range(10)])
with tempfile.TemporaryDirectory() as folder:
    ca_file = os.path.join(folder, "ca.pem")
    stops_all_doors_and_ends_at_the_second_signal(program, folder)
    arguments = ["--tls-port", "0", "--ca-file", ca_file]
    show("HTTP and TLS", [run(program, *arguments, ca_file=ca_file) for _ in range(10)])
