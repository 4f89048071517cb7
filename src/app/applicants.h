// Where applications come from by the words of a command: a file, or the generator with -n, --seed
// and --dirty.
#pragma once

#include <string>

#include "app/command.h"
#include "feed/applicant_server.h"
#include "feed/generated_applicants.h"

namespace loanstream {

Result<ApplicantServer::Open> applicants_from(const std::string& file, const Arguments& arguments);

// --format of `applicants generate`: jsonl or csv.
Result<ApplicantFormat> format_option(const Arguments& arguments);
// -n, --seed, --dirty.
Result<GeneratorSettings> generator_settings(const Arguments& arguments, ApplicantFormat format);

// The value of an option as a number; kUsage when it is none.
Result<double> number_option(const Arguments& arguments, const std::string& option,
                             double otherwise);

}  // namespace loanstream
