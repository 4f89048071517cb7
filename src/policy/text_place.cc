#include "policy/text_place.h"

namespace loanstream {

namespace {

class Walk {
public:
    Walk(std::string_view source, TextPlace begin) : source_(source) {
        while (!done() && (place_.line < begin.line || place_.column < begin.column)) step();
    }
    bool done() const { return at_ >= source_.size(); }
    bool sees(std::string_view text) const { return source_.substr(at_).starts_with(text); }
    char here() const { return source_[at_]; }
    void step() {
        if (done()) return;
        if (source_[at_++] == '\n') {
            ++place_.line;
            place_.column = 1;
            return;
        }
        while (!done() && (static_cast<unsigned char>(source_[at_]) & 0xC0) == 0x80) ++at_;
        ++place_.column;
    }
    void step(std::size_t count) {
        while (count-- > 0) step();
    }
    std::size_t at() const { return at_; }
    TextPlace place() const { return place_; }

private:
    std::string_view source_;
    std::size_t at_ = 0;
    TextPlace place_;
};

std::size_t utf8_length(std::string_view digits) {
    unsigned code = 0;
    for (char c : digits)
        code = code * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

// Steps over one escape; gives the bytes that it stands for.
std::size_t step_escape(Walk& walk, std::string_view source) {
    walk.step();
    if (walk.done()) return 0;
    char kind = walk.here();
    std::size_t digits = kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    if (digits > 0) {
        std::size_t bytes = utf8_length(source.substr(walk.at() + 1, digits));
        walk.step(1 + digits);
        return bytes;
    }
    if (kind != ' ' && kind != '\t' && kind != '\r' && kind != '\n') {
        walk.step();
        return 1;
    }
    // A line that ends in a backslash goes on at the next word.
    while (!walk.done() && std::string_view(" \t\r\n").find(walk.here()) != std::string_view::npos)
        walk.step();
    return 0;
}

}  // namespace

TextPlace place_in_text(std::string_view source, TextPlace begin, std::size_t offset) {
    Walk walk(source, begin);
    if (walk.done()) return begin;
    char quote = walk.here();
    bool escapes = quote == '"';
    bool several_lines = walk.sees(escapes ? "\"\"\"" : "'''");
    walk.step(several_lines ? 3 : 1);
    if (several_lines) {
        if (walk.sees("\r\n")) walk.step();
        if (walk.sees("\n")) walk.step();
    }
    for (std::size_t taken = 0; !walk.done();) {
        std::size_t before = walk.at();
        if (escapes && walk.here() == '\\') {
            Walk after = walk;
            std::size_t bytes = step_escape(after, source);
            if (taken == offset && bytes > 0) break;
            taken += bytes;
            walk = after;
            continue;
        }
        if (taken >= offset) break;
        if (walk.here() == quote && (!several_lines || walk.sees(escapes ? "\"\"\"" : "'''")))
            break;
        walk.step();
        taken += walk.at() - before;
    }
    return walk.place();
}

}  // namespace loanstream
