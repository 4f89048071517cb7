#include "clean/byte_steps.h"

#include <cstring>

#include "base/raw_batch.h"

namespace loanstream {

std::string_view apply_byte_steps(const InputSettings& input, std::string_view record,
                                  TextArena& arena) {
    std::size_t room = record.size() + kRecordPadding;
    char* place = arena.take(room);
    std::size_t length = 0;
    for (char c : record)
        if (!input.drop_newlines || (c != '\n' && c != '\r')) place[length++] = c;
    for (int round = 0; round < input.squeeze_spaces; ++round) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < length; ++i) {
            place[kept++] = place[i];
            if (place[i] == ' ' && i + 1 < length && place[i + 1] == ' ') ++i;
        }
        length = kept;
    }
    if (input.drop_non_ascii) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < length; ++i)
            if (static_cast<unsigned char>(place[i]) < 0x80) place[kept++] = place[i];
        length = kept;
    }
    std::memset(place + length, 0, kRecordPadding);
    return {place, length};
}

}  // namespace loanstream
