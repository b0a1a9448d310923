"""Starts the example server, calls it once, stops it. Usage: local_kinesis.py PROGRAM. Standard library only."""

import json
import os
import signal
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
    arguments = ["--tls-port", "0", "--ca-file", ca_file]
    show("HTTP and TLS", [run(program, *arguments, ca_file=ca_file) for _ in range(10)])
