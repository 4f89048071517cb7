// How brokers are reached and who we are there: a value that the app fills from the settings, and
// the librdkafka configuration made from it. Passwords stand in no error and no log line. Values,
// any thread.
#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <memory>
#include <string>

#include "base/error.h"

namespace loanstream {

struct KafkaAccess {
    std::string bootstrap;               // "host:port,host:port"
    std::string security = "plaintext";  // plaintext, ssl, sasl_plaintext, sasl_ssl
    std::string mechanism = "PLAIN";     // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, GSSAPI
    std::string user, password;
    std::string ca_file, certificate_file, key_file, key_password;
    std::string service_name = "kafka", principal, keytab;  // of GSSAPI
    std::chrono::milliseconds connect_timeout{10000};
};

// One librdkafka configuration on its way to a client. Options that this librdkafka does not know
// are an error, except those of try_set.
class KafkaOptions {
public:
    static Result<KafkaOptions> make(const KafkaAccess& access);
    Result<void> set(const std::string& name, const std::string& value);
    bool try_set(const std::string& name, const std::string& value);
    // A client of it; the options are used up. `where` in errors is the bootstrap list.
    Result<struct KafkaHandle> client(rd_kafka_type_t type);

private:
    struct Free {
        void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
    };
    std::unique_ptr<rd_kafka_conf_t, Free> conf_;
    std::string bootstrap_;
};

struct KafkaHandle {
    struct Destroy {
        void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
    };
    std::unique_ptr<rd_kafka_t, Destroy> client;
    rd_kafka_t* get() const { return client.get(); }
};

// A fault that librdkafka reports, in one line with what to do about it. `reason` is its own text.
Error kafka_error(const KafkaAccess& access, rd_kafka_resp_err_t code, const std::string& reason);

// Waits until a broker has answered. Faults that no waiting mends (login refused, certificate) end
// it at once, the others at access.connect_timeout.
Result<void> await_broker(rd_kafka_t* client, const KafkaAccess& access);

// Faults reported meanwhile by a client whose main queue nobody else serves; the worst, if any.
struct KafkaFault {
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    std::string reason;
};
// Does waiting not mend it (a refused login, a wrong certificate, an unknown host)?
bool is_final(rd_kafka_resp_err_t code);

}  // namespace loanstream
