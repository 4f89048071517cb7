// A yardstick of `./dev bench kafka`: the least that a C++ program by hand can do. It reads a topic
// to its end, takes 8 numbers from each record by simdjson, a logistic of them, and writes five
// columns as one Parquet file. No policy, no reasons, no evidence, no dead letters (what cannot be
// read is counted), no log: nothing is safe from a crash.   kafka_loop BOOTSTRAP TOPIC FILE
#include <arrow/api.h>
#include <arrow/io/file.h>
#include <parquet/arrow/writer.h>
#include <simdjson.h>

#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

#include "kafka_client.h"

namespace {

constexpr std::int64_t kGroupRows = 16'384;
constexpr std::array<std::string_view, 8> kFields = {"annual_inc",     "funded_amnt", "loan_amnt",
                                                     "int_rate",       "dti",         "revol_util",
                                                     "inq_last_6mths", "member_id"};
constexpr std::array<double, 8> kWeights = {-1e-5, 2e-5, 1e-6, 8.0, 0.02, 0.8, 0.15, 0.0};

void check(const arrow::Status& status) {
    if (!status.ok()) yardstick::end_with(status.ToString().c_str());
}

// "13.56%" is 13.56.
bool number_of(simdjson::ondemand::value value, double& out) {
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS)
        return value.get_double().get(out) == simdjson::SUCCESS;
    while (text.starts_with(' ')) text.remove_prefix(1);
    return std::from_chars(text.data(), text.data() + text.size(), out).ec == std::errc{};
}

class FiveColumns {
public:
    explicit FiveColumns(const char* path)
        : schema_(arrow::schema(
              {arrow::field("annual_inc", arrow::int32()), arrow::field("data", arrow::float32()),
               arrow::field("funded_amnt", arrow::int32()),
               arrow::field("member_id", arrow::int32()), arrow::field("status", arrow::utf8())})) {
        auto file = arrow::io::FileOutputStream::Open(path);
        check(file.status());
        parquet::WriterProperties::Builder properties;
        properties.compression(parquet::Compression::ZSTD);
        auto writer = parquet::arrow::FileWriter::Open(*schema_, arrow::default_memory_pool(),
                                                       *file, properties.build());
        check(writer.status());
        writer_ = std::move(*writer);
    }

    void add(const std::array<double, 8>& values, double probability) {
        check(income_.Append(static_cast<std::int32_t>(values[0])));
        check(data_.Append(static_cast<float>(probability)));
        check(funded_.Append(static_cast<std::int32_t>(values[1])));
        check(member_.Append(static_cast<std::int32_t>(values[7])));
        check(status_.Append(probability < 0.3 ? "approved" : "declined"));
        if (income_.length() == kGroupRows) flush();
    }

    void finish() {
        flush();
        check(writer_->Close());
    }

private:
    void flush() {
        if (income_.length() == 0) return;
        arrow::ArrayVector columns(5);
        check(income_.Finish(&columns[0]));
        check(data_.Finish(&columns[1]));
        check(funded_.Finish(&columns[2]));
        check(member_.Finish(&columns[3]));
        check(status_.Finish(&columns[4]));
        check(writer_->WriteTable(*arrow::Table::Make(schema_, columns), kGroupRows));
    }

    std::shared_ptr<arrow::Schema> schema_;
    std::unique_ptr<parquet::arrow::FileWriter> writer_;
    arrow::Int32Builder income_, funded_, member_;
    arrow::FloatBuilder data_;
    arrow::StringBuilder status_;
};

class Decider {
public:
    explicit Decider(const char* path) : out_(path) {}

    void take(const rd_kafka_message_t& message) {
        bytes_.assign(static_cast<const char*>(message.payload), message.len);
        bytes_.reserve(bytes_.size() + simdjson::SIMDJSON_PADDING);
        simdjson::ondemand::document document;
        simdjson::ondemand::object object;
        if (parser_.iterate(bytes_).get(document) != simdjson::SUCCESS ||
            document.get_object().get(object) != simdjson::SUCCESS)
            return;
        std::array<double, 8> values{};
        double sum = -2;
        for (std::size_t i = 0; i < kFields.size(); ++i) {
            simdjson::ondemand::value value;
            if (object.find_field_unordered(kFields[i]).get(value) != simdjson::SUCCESS) continue;
            if (number_of(value, values[i])) sum += kWeights[i] * values[i];
        }
        out_.add(values, 1 / (1 + std::exp(-sum)));
    }
    void finish() { out_.finish(); }

private:
    simdjson::ondemand::parser parser_;
    std::string bytes_;
    FiveColumns out_;
};

}  // namespace

int main(int count, char** words) {
    if (count != 4) yardstick::end_with("kafka_loop BOOTSTRAP TOPIC FILE");
    yardstick::Clock clock;
    Decider decider(words[3]);
    long long records = 0, bytes = 0;
    yardstick::read_all(words[1], words[2], [&](const rd_kafka_message_t& message) {
        records += 1;
        bytes += static_cast<long long>(message.len);
        decider.take(message);
    });
    decider.finish();
    clock.end(records, bytes);
}
