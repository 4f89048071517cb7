#include <cstdio>
#include <cstdlib>

#include "app/command.h"
#include "base/env.h"
#include "kafka/kafka_source.h"

int main(int count, char** words) {
    int status = 0;
    {
        auto env = loanstream::make_system_env();
        status = loanstream::run_command_line(count, words, *env);
    }
    if (!loanstream::KafkaSource::leaves_threads()) return status;
    std::fflush(nullptr);
    std::_Exit(status);
}
