"""MB/s at which Debian's gRPC for Python takes a stream of ready messages: client.py ADDRESS METHOD, bytes passed on as they are."""
import sys, time

import grpc

channel = grpc.insecure_channel(sys.argv[1], options=[("grpc.max_receive_message_length", -1)])
call = channel.unary_stream(sys.argv[2])
start, count = time.monotonic(), 0
for message in call(b""):
    count += len(message)
print(count / (time.monotonic() - start) / 1e6)
