// Applications of a file as the batches that cleaning takes. One thread.
#pragma once

#include "base/raw_batch.h"
#include "feed/applicant_file.h"

namespace loanstream {

// Fills a batch anew with the next rows, up to 2,048 or 4 MiB; offsets count on from the batch's
// last one. False when there are none.
Result<bool> next_batch(ApplicantSource& applicants, RawBatch& batch);

}  // namespace loanstream
