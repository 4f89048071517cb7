"""Packages of the release build: a tar.gz that runs anywhere, and a .deb (docs/package.md).

./dev package [--into FOLDER]     default build/package
"""

import argparse
import concurrent.futures
import gzip
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build/release"
LOADER = "ld-linux-x86-64.so.2"
SCRIPTS = {
    "postinst": "[ ! -d /run/systemd/system ] || systemctl daemon-reload\n",
    "prerm": '[ "$1" != remove ] || [ ! -d /run/systemd/system ] ||\n'
             "    systemctl stop loanstream-stream.service || true\n",
    "postrm": "[ ! -d /run/systemd/system ] || systemctl daemon-reload\n",
}


class Refused(Exception):
    """One line for whoever called."""


def call(*words, **more):
    done = subprocess.run([str(word) for word in words], capture_output=True, **more)
    if done.returncode != 0:
        raise Refused(f"{words[0]}: exit {done.returncode}: "
                      f"{done.stderr.decode(errors='replace').strip()[-500:]}")
    return done.stdout


def needed(program):
    """Name and file of every shared library that the loader would take for it."""
    found = {}
    for line in call("ldd", program).decode().splitlines():
        if "not found" in line:
            raise Refused(f"{program}: {line.strip()}; ./dev setup installs it")
        if place := re.match(r"\s*(?:(\S+) => )?(/\S+) \(0x", line):
            found[place[1] or pathlib.Path(place[2]).name] = pathlib.Path(place[2]).resolve()
    return found


def duckdb_program():
    """The ELF program behind the Python package's script; None where there is none."""
    code = "import duckdb_cli, pathlib; print(pathlib.Path(duckdb_cli.__file__).parent / 'duckdb')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    path = pathlib.Path(done.stdout.strip() or "/nonexistent")
    return path if path.is_file() and path.read_bytes()[:4] == b"\x7fELF" else None


def put(source, target, mode=0o644):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)


def write(target, content, mode=0o644):
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content if isinstance(content, bytes) else content.encode())
    target.chmod(mode)


def debian_package_of(library):
    """(name, version, copyright file) of the Debian package that owns a library, or None."""
    for path in (library, pathlib.Path(str(library).removeprefix("/usr"))):
        done = subprocess.run(["dpkg", "-S", path], capture_output=True, text=True)
        if done.returncode == 0:
            name = done.stdout.split(": ")[0]
            version = call("dpkg-query", "-W", "-f", "${Version}", name).decode()
            plain = name.split(":")[0]
            return plain, version, pathlib.Path("/usr/share/doc") / plain / "copyright"
    return None


def put_origins(libraries, duckdb, documents):
    """Where each library came from, with its licence where the machine has it."""
    lines = []
    for name, path in sorted(libraries.items()):
        if package := debian_package_of(path):
            lines.append(f"{name}  Debian {package[0]} {package[1]}\n")
            if package[2].is_file():
                put(package[2], documents / "copyright" / package[0])
        else:
            wheel = path.parent.name
            lines.append(f"{name}  Python wheel {wheel}\n")
            for licence in path.parents[1].glob(f"{wheel}-*.dist-info/**/LICENSE*"):
                put(licence, documents / "copyright" / wheel)
    if duckdb:
        lines.append("duckdb  Python wheel duckdb_cli (MIT licence)\n")
    write(documents / "libraries.txt", "".join(lines))


def put_documents(tree, program):
    documents = tree / "share/doc/loanstream"
    put(ROOT / "README.md", documents / "README.md")
    for page in sorted((ROOT / "docs").glob("*.md")):
        put(page, documents / "docs" / page.name)
    write(tree / "share/man/man1/loanstream.1.gz",
          gzip.compress(call(program, "manual"), mtime=0))
    write(tree / "share/bash-completion/completions/loanstream",
          call(program, "completion", "bash"))
    put(ROOT / "tools/package/loanstream-stream.service",
        tree / "share/systemd/loanstream-stream.service")
    return documents


def make_tree(tree):
    """bin/, lib/ and share/ of the package."""
    with tempfile.TemporaryDirectory() as installed:
        # The copy is stripped and knows no folder of this machine to look for libraries in.
        call("cmake", "--install", BUILD, "--prefix", installed, "--strip")
        put(f"{installed}/bin/loanstream", tree / "lib/loanstream.bin", 0o755)
    launcher = BUILD / "launcher"
    programs = {"loanstream": BUILD / "loanstream"}
    if duckdb := duckdb_program():
        programs["duckdb"] = duckdb
        put(duckdb, tree / "lib/duckdb.bin", 0o755)
    else:
        print("package: no duckdb program: `table sql` needs LOANSTREAM_DUCKDB there",
              file=sys.stderr)
    libraries = {}
    for name, program in programs.items():
        libraries |= needed(program)
        put(launcher, tree / "bin" / name, 0o755)
        call("strip", tree / "bin" / name)
    if LOADER not in libraries:
        raise Refused(f"no {LOADER} among the libraries: packages are made for x86-64 Linux")
    for name, path in libraries.items():
        put(path, tree / "lib" / name, 0o755 if name == LOADER else 0o644)
    put_origins(libraries, duckdb, put_documents(tree, programs["loanstream"]))
    write_sums(tree)


def write_sums(tree):
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(tree)}\n"
             for path in sorted(tree.rglob("*")) if path.is_file()]
    write(tree / "SHA256SUMS", "".join(lines))


def set_times(folder, epoch):
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (epoch, epoch), follow_symlinks=False)
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)


def make_archive(tree, epoch, archive):
    """The same tree gives the same bytes."""
    packed = call("tar", "--sort=name", f"--mtime=@{epoch}", "--owner=0", "--group=0",
                  "--numeric-owner", "--format=gnu", "-C", tree.parent, "-cf", "-", tree.name)
    with open(archive, "wb") as out:
        subprocess.run(["gzip", "-n", "-6"], input=packed, stdout=out, check=True)


def make_debian(tree, version, epoch, archive):
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary)
        shutil.copytree(tree, root / "usr/lib/loanstream", symlinks=True)
        own = root / "usr/lib/loanstream"
        for folder in ("doc", "man", "bash-completion"):
            (root / "usr/share").mkdir(parents=True, exist_ok=True)
            shutil.move(own / "share" / folder, root / "usr/share" / folder)
        (root / "usr/lib/systemd/system").mkdir(parents=True)
        shutil.move(own / "share/systemd/loanstream-stream.service",
                    root / "usr/lib/systemd/system/loanstream-stream.service")
        shutil.rmtree(own / "share")
        (own / "SHA256SUMS").unlink()
        write_sums(own)
        (root / "usr/bin").mkdir()
        (root / "usr/bin/loanstream").symlink_to("../lib/loanstream/bin/loanstream")
        files = [path for path in sorted(root.rglob("*")) if path.is_file()
                 and not path.is_symlink()]
        sums = "".join(f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(root)}\n"
                       for path in files)
        size = sum(path.stat().st_size for path in files) // 1024
        write(root / "DEBIAN/control", CONTROL.format(version=version, size=size))
        write(root / "DEBIAN/md5sums", sums)
        for name, text in SCRIPTS.items():
            write(root / "DEBIAN" / name, "#!/bin/sh\nset -e\n" + text, 0o755)
        set_times(root, epoch)
        call("dpkg-deb", "--root-owner-group", "-Zgzip", "-z6", "--build", root, archive,
             env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch)})


CONTROL = """Package: loanstream
Version: {version}
Section: database
Priority: optional
Architecture: amd64
Installed-Size: {size}
Maintainer: loanstream <root@localhost>
Description: loan applications in, decisions landed exactly once
 Applications are cleaned, decided by a lender's own policy and model with
 reasons, and landed exactly once in a table of Parquet files. One program,
 with its own libraries and libc: it needs no other package.
"""


def make(into):
    version = call(BUILD / "loanstream", "--version").decode().split()[1]
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH")
                or call("git", "-C", ROOT, "log", "-1", "--format=%ct"))
    into.mkdir(parents=True, exist_ok=True)
    for old in [*into.glob("loanstream*.tar.gz"), *into.glob("loanstream*.deb")]:
        old.unlink()
    names = [f"loanstream-{version}-linux-x86_64.tar.gz", f"loanstream_{version}_amd64.deb"]
    with tempfile.TemporaryDirectory() as temporary:
        tree = pathlib.Path(temporary) / names[0].removesuffix(".tar.gz")
        tree.mkdir()
        make_tree(tree)
        set_times(tree, epoch)
        with concurrent.futures.ThreadPoolExecutor() as both:
            for done in [both.submit(make_archive, tree, epoch, into / names[0]),
                         both.submit(make_debian, tree, version, epoch, into / names[1])]:
                done.result()
    sums = "".join(f"{hashlib.sha256((into / name).read_bytes()).hexdigest()}  {name}\n"
                   for name in names)
    write(into / "SHA256SUMS", sums)
    for name in names:
        print(f"{into / name}  {(into / name).stat().st_size / 2**20:.1f} MiB")


def main():
    parser = argparse.ArgumentParser(prog="./dev package", description=__doc__.splitlines()[0])
    parser.add_argument("--into", type=pathlib.Path, default=ROOT / "build/package")
    try:
        make(parser.parse_args().into)
    except (Refused, OSError) as refusal:
        print(f"package: {refusal}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
