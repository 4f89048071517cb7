#include "app/applicants.h"

#include <charconv>
#include <cmath>
#include <vector>

namespace loanstream {

Result<double> number_option(const Arguments& arguments, const std::string& option,
                             double otherwise) {
    auto text = arguments.value(option);
    if (!text) return otherwise;
    double number = 0;
    auto [end, status] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (status != std::errc{} || end != text->data() + text->size())
        return fail(ErrorCode::kUsage, option + " takes a number, not '" + *text + "'");
    return number;
}

Result<ApplicantFormat> format_option(const Arguments& arguments) {
    std::string word = arguments.value("--format").value_or("jsonl");
    if (word == "jsonl") return ApplicantFormat::kJsonl;
    if (word == "csv") return ApplicantFormat::kCsv;
    return fail(ErrorCode::kUsage, "--format cannot be '" + word + "'", {}, "write jsonl or csv");
}

Result<GeneratorSettings> generator_settings(const Arguments& arguments, ApplicantFormat format) {
    constexpr double kMost = 9e15;  // whole numbers are exact below
    GeneratorSettings settings;
    TRY(double count, number_option(arguments, "-n", 1000));
    TRY(double seed, number_option(arguments, "--seed", 1));
    auto is_whole = [](double n) { return n >= 0 && n <= kMost && n == std::floor(n); };
    if (!is_whole(count) || !is_whole(seed))
        return fail(ErrorCode::kUsage, "-n and --seed take whole numbers from 0 up", {},
                    "for example -n 1000 --seed 7");
    settings.count = static_cast<std::int64_t>(count);
    settings.seed = static_cast<std::uint64_t>(seed);
    auto words = arguments.values.find("--dirty");
    std::vector<std::string> usual = {"0.01"};
    TRY(settings.dirty,
        DirtyShares::parse(words == arguments.values.end() ? usual : words->second, format));
    return settings;
}

Result<ApplicantServer::Open> applicants_from(const std::string& file, const Arguments& arguments) {
    if (!file.empty())
        return [file]() -> Result<std::unique_ptr<ApplicantSource>> {
            TRY(auto opened, ApplicantFile::open(file));
            return std::unique_ptr<ApplicantSource>(std::move(opened));
        };
    TRY(auto settings, generator_settings(arguments, ApplicantFormat::kJsonl));
    return [settings]() -> Result<std::unique_ptr<ApplicantSource>> {
        return std::unique_ptr<ApplicantSource>(std::make_unique<GeneratedApplicants>(settings));
    };
}

}  // namespace loanstream
