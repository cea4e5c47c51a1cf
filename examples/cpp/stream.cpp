// Streams events and prints the mean missing momentum and number of jets: stream [HOST:PORT]
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "eventservice/v1/events.grpc.pb.h"

using namespace eventservice::v1;

// A column as numbers; the bytes of a message need not lie where a float may.
template <typename T>
std::vector<T> column(const std::string& bytes) {
    std::vector<T> numbers(bytes.size() / sizeof(T));
    std::memcpy(numbers.data(), bytes.data(), bytes.size());
    return numbers;
}

int main(int argc, char** argv) {
    auto channel = grpc::CreateChannel(argc > 1 ? argv[1] : "localhost:8081", grpc::InsecureChannelCredentials());
    auto stub = Events::NewStub(channel);

    grpc::ClientContext context;
    if (const char* key = std::getenv("EVENTSERVICE_KEY")) {
        context.AddMetadata("authorization", std::string("Bearer ") + key);
    }

    GenerateRequest request;
    request.set_process("ttbar");
    request.set_n(20000);
    request.add_columns("MET_pt");
    request.add_columns("nJet");

    GenerateResponse part;
    Receipt receipt;
    double met = 0;
    int64_t events = 0, jets = 0;
    bool ended = false;
    auto reader = stub->Generate(&context, request);
    while (reader->Read(&part)) {
        if (part.has_start()) {
            receipt = part.start().receipt();
        } else if (part.has_block()) {
            for (float pt : column<float>(part.block().scalars(0))) {
                met += pt;
            }
            events += part.block().count();
            jets += column<int32_t>(part.block().collections(0).offsets()).back();
        } else if (part.has_end()) {
            ended = part.end().events() == events;
        }
    }

    grpc::Status status = reader->Finish();
    if (!status.ok() || !ended) {
        std::cerr << "The stream broke: " << status.error_message() << "\n";
        return 1;
    }
    std::cout << events << " events of " << receipt.model() << " version " << receipt.version() << ", seed " << receipt.seed()
              << ": mean MET " << met / events << " GeV, " << double(jets) / events << " jets\n";
}
