"""Starts the example server, calls it once, stops it. Usage: local_kinesis.py PROGRAM. Standard library only."""

import json
import signal
import subprocess
import sys
import time
import urllib.request

READY = "local Kinesis ready at "
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def call(endpoint, operation, members):
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


def run(program):
    """Gives the milliseconds from the start of the process to its ready line."""
    began = time.monotonic()
    server = subprocess.Popen(
        [program, "--port", "0", "--stream", "orders:4"], stdout=subprocess.PIPE, text=True
    )
    try:
        line = server.stdout.readline()
        took = (time.monotonic() - began) * 1000
        assert line.startswith(READY), line
        listed = call(line[len(READY) :].strip(), "ListShards", {"StreamName": "orders"})
        assert len(listed["Shards"]) == 4, listed
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=10) == 0, server.returncode
        return took
    finally:
        server.kill()


def refuses(program, *arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=10)
    assert done.returncode == 2 and not done.stdout, done
    assert done.stderr.startswith("local_kinesis: "), done


program = sys.argv[1]
refuses(program, "--prot", "4567")
refuses(program, "--stream", "orders")
refuses(program, "--settings", "/nowhere")
times = sorted(run(program) for _ in range(10))
print(f"ready after {times[0]:.1f} to {times[-1]:.1f} ms, median {times[len(times) // 2]:.1f} ms, of {len(times)} starts")
