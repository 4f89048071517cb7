// bin/NAME of a package (docs/package.md): starts lib/NAME.bin by the package's own loader with
// the package's own libraries, wherever its folder was put and whatever the machine has. Linked
// statically, so that it needs nothing itself: no shell, no libc, no /proc.
#include <sys/auxv.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

int main(int count, char** words) {
    const auto* called_as = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
    char* real = called_as == nullptr ? nullptr : ::realpath(called_as, nullptr);
    std::string self = real == nullptr ? "" : real;
    std::size_t name_at = self.rfind('/'), folder_at = self.rfind("/bin/");
    if (name_at == std::string::npos || folder_at == std::string::npos) {
        std::fprintf(stderr, "%s: its own path is not known; call it by its path in bin/\n",
                     count > 0 ? words[0] : "loanstream");
        return 3;
    }
    std::string package = self.substr(0, folder_at), libraries = package + "/lib";
    std::string program = libraries + self.substr(name_at) + ".bin";
    std::string loader = libraries + "/ld-linux-x86-64.so.2", duckdb = package + "/bin/duckdb";
    // Whoever starts this program anew must start this launcher, which /proc/self/exe does not say.
    ::setenv("LOANSTREAM_LAUNCHER", self.c_str(), 1);
    if (::access(duckdb.c_str(), X_OK) == 0) ::setenv("LOANSTREAM_DUCKDB", duckdb.c_str(), 0);

    std::string argument_zero = count > 0 ? words[0] : self;
    std::vector<std::string> given = {loader,        "--inhibit-cache", "--library-path", libraries,
                                      "--argv0",     argument_zero,     program};
    for (int i = 1; i < count; ++i) given.emplace_back(words[i]);
    std::vector<char*> pointers;
    for (auto& word : given) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    ::execv(loader.c_str(), pointers.data());
    std::fprintf(stderr, "loanstream: %s: cannot be started: %s; unpack the package anew\n",
                 loader.c_str(), std::strerror(errno));
    return 3;
}
