#include "app/kafka_settings.h"

#include <fstream>

namespace loanstream {

namespace {

// The first line of the file named by `key`_file, or the secret from the environment.
Result<std::string> secret(const Settings& settings, const std::string& key) {
    const std::string& given = settings.text(key);
    const std::string& path = settings.text(key + "_file");
    if (path.empty()) return given;
    if (!given.empty())
        return fail(ErrorCode::kUsage, "a secret is given twice", key,
                    "keep either " + key + "_file or the environment's");
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line) || line.empty())
        return fail(ErrorCode::kUsage, "no secret can be read from it", path,
                    key + "_file names a file whose first line is the secret");
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

}  // namespace

bool uses_kafka(const Settings& settings) { return settings.text("topic.store") == "kafka"; }

Result<KafkaAccess> kafka_access(const Settings& settings) {
    KafkaAccess access;
    access.bootstrap = settings.text("kafka.bootstrap");
    if (access.bootstrap.empty())
        return fail(ErrorCode::kUsage, "no brokers are named", "kafka.bootstrap",
                    "set it in the profile's file, or LOANSTREAM_KAFKA_BOOTSTRAP="
                    "host1:9092,host2:9092");
    access.security = settings.text("kafka.security");
    access.mechanism = settings.text("kafka.mechanism");
    access.user = settings.text("kafka.user");
    TRY(access.password, secret(settings, "kafka.password"));
    access.ca_file = settings.text("kafka.ca_file");
    access.certificate_file = settings.text("kafka.certificate_file");
    access.key_file = settings.text("kafka.key_file");
    TRY(access.key_password, secret(settings, "kafka.key_password"));
    access.service_name = settings.text("kafka.service_name");
    access.principal = settings.text("kafka.principal");
    access.keytab = settings.text("kafka.keytab");
    access.connect_timeout = settings.duration("kafka.connect_timeout");
    return access;
}

}  // namespace loanstream
