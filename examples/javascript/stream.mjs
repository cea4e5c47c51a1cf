// Reads events until a thousand have at least six jets, then cancels the stream: node stream.mjs [HOST:PORT]
import { fileURLToPath } from 'node:url';

import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const protos = fileURLToPath(new URL('../../protos', import.meta.url));
// 64-bit numbers as texts: a seed has more digits than a double.
const definition = protoLoader.loadSync('eventservice/v1/events.proto', { keepCase: true, longs: String, includeDirs: [protos] });
const { eventservice } = grpc.loadPackageDefinition(definition);
const client = new eventservice.v1.Events(process.argv[2] ?? 'localhost:8081', grpc.credentials.createInsecure());

const metadata = new grpc.Metadata();
if (process.env.EVENTSERVICE_KEY) {
  metadata.set('authorization', `Bearer ${process.env.EVENTSERVICE_KEY}`);
}

const wanted = 1000;
let start, events = 0, found = 0;
const call = client.Generate({ process: 'ttbar', n: 10_000_000, columns: ['nJet', 'nBJet'] }, metadata);
try {
  for await (const part of call) {
    start ??= part.start;
    if (!part.block) {
      continue;
    }

    // The objects of event k are those from offsets[k] to offsets[k + 1], in each collection of the schema.
    const offsets = part.block.collections.map(c => c.offsets);
    for (let k = 0; k < part.block.count && found < wanted; k++, events++) {
      const jets = offsets.reduce((sum, o) => sum + o.readInt32LE(4 * k + 4) - o.readInt32LE(4 * k), 0);
      found += jets >= 6 ? 1 : 0;
    }

    if (found === wanted) {
      call.cancel();
    }
  }
} catch (error) {
  if (error.code !== grpc.status.CANCELLED) {
    throw error;
  }
}

const { model, version, seed } = start.receipt;
console.log(`${found} of the first ${events} events of ${model} version ${version}, seed ${seed}, have at least six jets`);
