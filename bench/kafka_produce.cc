// A yardstick of `./dev bench kafka`: librdkafka alone, producing the lines of a file without a
// key, as durably as `source` and with its batches, until every delivery is reported.
//   kafka_produce BOOTSTRAP TOPIC FILE
#include <fstream>
#include <string>

#include "kafka_client.h"

namespace {

long long delivered = 0;

void report(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) yardstick::end_with("not delivered");
    delivered += 1;
}

rd_kafka_t* producer(const char* bootstrap) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set_dr_msg_cb(conf, report);
    return yardstick::client(RD_KAFKA_PRODUCER, bootstrap,
                             {{"acks", "all"},
                              {"enable.idempotence", "true"},
                              {"linger.ms", "5"},
                              {"batch.size", "524288"},
                              {"queue.buffering.max.messages", "10000000"},
                              {"queue.buffering.max.kbytes", "65536"},
                              {"compression.codec", "lz4"}},
                             conf);
}

}  // namespace

int main(int count, char** words) {
    if (count != 4) yardstick::end_with("kafka_produce BOOTSTRAP TOPIC FILE");
    yardstick::Clock clock;
    rd_kafka_t* client = producer(words[1]);
    rd_kafka_topic_t* topic = rd_kafka_topic_new(client, words[2], nullptr);
    std::ifstream file(words[3]);
    long long records = 0, bytes = 0;
    for (std::string line; std::getline(file, line);) {
        while (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, line.data(),
                                line.size(), nullptr, 0, nullptr) != 0)
            rd_kafka_poll(client, 10);  // the queue is full
        records += 1;
        bytes += static_cast<long long>(line.size());
        rd_kafka_poll(client, 0);
    }
    while (delivered < records) rd_kafka_poll(client, 100);
    clock.end(records, bytes);
}
