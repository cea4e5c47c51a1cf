"""How Debian's gRPC for Python takes a stream of ready messages, bytes passed on as they are.

client.py ADDRESS METHOD prints MB/s and its processor seconds for a GB.
"""
import sys, time

import grpc

channel = grpc.insecure_channel(sys.argv[1], options=[("grpc.max_receive_message_length", -1)])


def read():
    return sum(len(message) for message in channel.unary_stream(sys.argv[2])(b""))


read()
start, before = time.monotonic(), time.process_time()
count = read()
print(count / (time.monotonic() - start) / 1e6, (time.process_time() - before) / (count / 1e9))
