// The cases of tests/data/cleaning.tsv, whose head explains the form. For tests only. Values.
#pragma once

#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace loanstream {

struct CleaningCase {
    int line = 0;
    std::string name, policy, record;
    std::vector<std::string> expected;  // expanded
};

inline std::vector<std::string> columns_of(const std::string& line) {
    std::vector<std::string> columns(1);
    for (char c : line) {
        if (c == '\t')
            columns.emplace_back();
        else
            columns.back() += c;
    }
    return columns;
}

// \xNN, \*N(text), \@WORD; as the table's head says; any other backslash is itself.
class CaseText {
public:
    void let(const std::string& word, const std::string& text) { words_[word] = text; }

    std::string expand(const std::string& text) const {
        std::string out;
        for (std::size_t at = 0; at < text.size();) {
            char kind = text[at] == '\\' && at + 1 < text.size() ? text[at + 1] : '\0';
            if (kind == 'x') {
                out += static_cast<char>(std::stoi(text.substr(at + 2, 2), nullptr, 16));
                at += 4;
            } else if (kind == '*') {
                std::size_t open = text.find('(', at), close = text.find(')', at);
                int times = std::stoi(text.substr(at + 2, open - at - 2));
                std::string inner = expand(text.substr(open + 1, close - open - 1));
                while (times-- > 0) out += inner;
                at = close + 1;
            } else if (kind == '@') {
                std::size_t end = text.find(';', at);
                out += expand(words_.at(text.substr(at + 2, end - at - 2)));
                at = end + 1;
            } else {
                out += text[at++];
            }
        }
        return out;
    }

private:
    std::map<std::string, std::string> words_;
};

inline std::vector<CleaningCase> read_cleaning_cases(const std::string& path) {
    std::vector<CleaningCase> cases;
    CaseText words;
    std::ifstream file(path, std::ios::binary);
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
        if (line.empty() || line[0] == '#') continue;
        std::vector<std::string> columns = columns_of(line);
        if (columns[0] == "let") {
            words.let(columns.at(1), columns.at(2));
            continue;
        }
        CleaningCase one{number, columns[0], columns.at(1), words.expand(columns.at(2)), {}};
        for (std::size_t i = 3; i < columns.size(); ++i)
            one.expected.push_back(words.expand(columns[i]));
        cases.push_back(std::move(one));
    }
    return cases;
}

}  // namespace loanstream
