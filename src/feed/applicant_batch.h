// Applications of a file as the batches that cleaning takes. One thread, but for what BatchesAhead
// reads on its own.
#pragma once

#include <functional>
#include <future>
#include <string>

#include "base/raw_batch.h"
#include "feed/applicant_file.h"

namespace loanstream {

// Fills a batch anew with the next rows, up to 2,048 or 4 MiB; offsets count on from the batch's
// last one. False when there are none.
Result<bool> next_batch(ApplicantSource& applicants, RawBatch& batch);

// Reads the next batch on a second thread while the one given last is worked on.
class BatchesAhead {
public:
    BatchesAhead(ApplicantSource& applicants, std::string topic);
    // The next batch, good until the next call; nullptr: there are none. The source is at rest
    // when `at_rest` is called, between two reads.
    Result<const RawBatch*> next(const std::function<void()>& at_rest = [] {});

private:
    void read();
    ApplicantSource& applicants_;
    RawBatch batches_[2];
    int ahead_ = 0;  // which of them is read now
    std::future<Result<bool>> reading_;
};

}  // namespace loanstream
