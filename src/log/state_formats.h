// State of a later version is refused before anything is written. An entry tells its format when it
// is read; manifests are read late, so that their beginnings are looked at when a writer opens.
// Free function; one thread.
#pragma once

#include "base/file_store.h"
#include "log/layout.h"
#include "log/state.h"

namespace loanstream {

// kUnknownFormat, with the file. What is gone or damaged is not judged here.
Result<void> check_manifest_formats(FileStore& files, const Layout& layout, const LogState& state);

}  // namespace loanstream
