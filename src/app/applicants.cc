#include "app/applicants.h"

#include <charconv>

#include "feed/generated_applicants.h"

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

Result<ApplicantServer::Open> applicants_from(const std::string& file, const Arguments& arguments) {
    if (!file.empty())
        return [file]() -> Result<std::unique_ptr<ApplicantSource>> {
            TRY(auto opened, ApplicantFile::open(file));
            return std::unique_ptr<ApplicantSource>(std::move(opened));
        };
    GeneratorSettings settings;
    TRY(double count, number_option(arguments, "-n", 1000));
    TRY(double seed, number_option(arguments, "--seed", 1));
    TRY(settings.dirty_share, number_option(arguments, "--dirty", settings.dirty_share));
    settings.count = static_cast<std::int64_t>(count);
    settings.seed = static_cast<std::uint64_t>(seed);
    return [settings]() -> Result<std::unique_ptr<ApplicantSource>> {
        return std::unique_ptr<ApplicantSource>(std::make_unique<GeneratedApplicants>(settings));
    };
}

}  // namespace loanstream
