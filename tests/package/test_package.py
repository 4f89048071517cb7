"""What ./dev package makes: it runs where there is nothing else, and is the same each time."""

import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys

import pytest

from support.program import ROOT, wait_until

CHROOT = [shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin:/bin")]
if os.geteuid() != 0:
    CHROOT = [shutil.which("unshare"), "-r", *CHROOT]


@pytest.fixture(name="packages", scope="session")
def made_packages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    done = subprocess.run([ROOT / "dev", "package", "--into", folder], capture_output=True,
                          text=True, timeout=1500)
    assert done.returncode == 0, done.stderr
    assert "no duckdb" not in done.stderr
    return folder


def one(folder, pattern):
    (found,) = folder.glob(pattern)
    return found


@pytest.fixture(name="unpacked", scope="session")
def unpacked_archive(packages, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["tar", "-xzf", one(packages, "*.tar.gz"), "-C", folder], check=True)
    return one(folder, "*")


@pytest.fixture(name="alone")
def machine_of_nothing_else(unpacked, tmp_path):
    """A root folder that holds the unpacked archive at /opt/it and nothing besides."""
    shutil.copytree(unpacked, tmp_path / "root/opt/it", symlinks=True, copy_function=os.link)
    return tmp_path / "root"


def inside(root, *words, expect=0, program="/opt/it/bin/loanstream"):
    done = subprocess.run([*CHROOT, root, program, *words], capture_output=True,
                          text=True, errors="surrogateescape", timeout=120,
                          env={"PATH": "/nowhere"})
    assert done.returncode == expect, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def feed(root, count):
    lines = inside(root, "applicants", "generate", "-n", str(count), "--dirty", "0")
    (root / "feed.jsonl").write_text(lines, errors="surrogateescape")


def check_sums(folder):
    done = subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=folder,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return {line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}


def test_it_lands_and_proves_where_nothing_else_is(alone):
    assert re.match(r"loanstream \d+\.\d+", inside(alone, "--version"))
    feed(alone, 300)
    inside(alone, "source", "--file", "/feed.jsonl", "--once", "--quiet", "--data", "/data")
    inside(alone, "stream", "--once", "--quiet", "--data", "/data")
    proved = inside(alone, "table", "prove", "--complete", "--data", "/data")
    assert "PROVED: each of 300 records stands exactly once" in proved
    assert not (alone / "proc").exists() and not (alone / "dev").exists()


def test_sql_and_children_work_inside(alone):
    """Both start a program anew; that takes a /dev/null, and a story a /tmp."""
    (alone / "dev").mkdir()
    (alone / "dev/null").write_text("")
    (alone / "tmp").mkdir()
    feed(alone, 40)
    inside(alone, "source", "--file", "/feed.jsonl", "--once", "--quiet", "--data", "/data")
    inside(alone, "stream", "--once", "--quiet", "--data", "/data")
    counted = inside(alone, "table", "sql", "--csv", "select count(*) as n from prediction",
                     "--data", "/data")
    assert counted.split() == ["n", "40"]
    (alone / "a.story").write_text(
        "# name: crash\n# why: the launcher starts the child\n"
        "input a/0\n{}\ncrash after log entry\nrestart\nexpect rejects\n"
        "a/0 @0 | clean | not_a_number | loan_amnt\n")
    assert "1 passed, 0 failed" in inside(alone, "policy", "test", "/a.story")


def test_every_file_has_its_sum(unpacked, packages):
    summed = check_sums(unpacked)
    there = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert summed == there - {"SHA256SUMS"}
    assert {"bin/loanstream", "lib/loanstream.bin", "lib/libc.so.6"} <= summed
    assert len(check_sums(packages)) == 2


def test_libraries_are_those_that_the_programs_need(alone):
    loader = "/opt/it/lib/ld-linux-x86-64.so.2"
    wanted = set()
    for program in ("loanstream", "duckdb"):
        listed = inside(alone, "--inhibit-cache", "--library-path", "/opt/it/lib", "--list",
                        f"/opt/it/lib/{program}.bin", program=loader)
        assert "not found" not in listed
        wanted |= set(re.findall(r"(?:=> |^\t)/opt/it/lib/(\S+) \(", listed, re.M))
    there = {path.name for path in (alone / "opt/it/lib").iterdir()}
    assert there - {"loanstream.bin", "duckdb.bin", "ld-linux-x86-64.so.2"} == wanted - {
        "ld-linux-x86-64.so.2"}


def test_the_same_tree_gives_the_same_bytes(packages, tmp_path):
    subprocess.run([sys.executable, ROOT / "tools/package.py", "--into", tmp_path], check=True,
                   capture_output=True, timeout=300)
    assert (tmp_path / "SHA256SUMS").read_text() == (packages / "SHA256SUMS").read_text()


def test_a_broken_package_says_so(alone):
    (alone / "opt/it/lib/ld-linux-x86-64.so.2").unlink()
    done = subprocess.run([*CHROOT, alone, "/opt/it/bin/loanstream", "--version"],
                          capture_output=True, text=True)
    assert done.returncode == 3 and "cannot be started" in done.stderr
    assert "unpack the package anew" in done.stderr


@pytest.fixture(name="debian", scope="session")
def extracted_debian_package(packages, tmp_path_factory):
    root = tmp_path_factory.mktemp("debian")
    subprocess.run(["dpkg-deb", "-x", one(packages, "*.deb"), root], check=True)
    return root


def dpkg(word, packages):
    return subprocess.run(["dpkg-deb", word, one(packages, "*.deb")], check=True,
                          capture_output=True, text=True).stdout


def test_debian_package(packages, debian):
    fields = dpkg("--field", packages)
    assert "Package: loanstream\n" in fields and "Architecture: amd64\n" in fields
    assert "Depends" not in fields
    listed = dpkg("--contents", packages)
    assert "./usr/bin/loanstream -> ../lib/loanstream/bin/loanstream\n" in listed
    for path in ("lib/loanstream/lib/loanstream.bin", "share/man/man1/loanstream.1.gz",
                 "lib/systemd/system/loanstream-stream.service",
                 "share/bash-completion/completions/loanstream", "share/doc/loanstream/README.md"):
        assert f" ./usr/{path}\n" in listed, path
    owners = {line.split()[1] for line in listed.splitlines()}
    assert owners == {"root/root"}
    assert not re.search(r"^.{7}[-r]w[sx].*\bs", "\n".join(
        line.split()[0] for line in listed.splitlines()), re.M)
    check_sums(debian / "usr/lib/loanstream")
    assert inside(debian, "--version", program="/usr/bin/loanstream").startswith("loanstream ")


def test_unit_is_accepted(debian, tmp_path):
    unit = "loanstream-stream.service"
    root = tmp_path / "root"  # with the units that every machine has
    shutil.copytree("/usr/lib/systemd/system", root / "usr/lib/systemd/system", symlinks=True)
    shutil.copytree(debian, root, symlinks=True, dirs_exist_ok=True, copy_function=os.link)
    shown = subprocess.run(["systemd-analyze", "verify", f"--root={root}", "--man=no", unit],
                           capture_output=True, text=True)
    assert "loanstream" not in shown.stderr and shown.returncode == 0, shown.stderr
    rated = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager",
                            "--threshold=20", debian / "usr/lib/systemd/system" / unit],
                           capture_output=True, text=True)
    assert rated.returncode == 0, rated.stdout[-1500:] + rated.stderr


def calls_of(group):
    """The system calls of one of systemd's groups, with those of the groups in it."""
    listed = subprocess.run(["systemd-analyze", "syscall-filter", group], check=True,
                            capture_output=True, text=True).stdout.splitlines()[1:]
    names = {line.strip() for line in listed if line.strip() and "#" not in line}
    inner = {name for name in names if name.startswith("@")}
    return (names - inner).union(*map(calls_of, inner))


def test_the_unit_allows_what_the_job_calls(unpacked, debian, tmp_path):
    """No systemd runs here: what it would refuse is looked for in a trace of the job."""
    unit = (debian / "usr/lib/systemd/system/loanstream-stream.service").read_text()
    (allowed, refused) = re.findall(r"^SystemCallFilter=(~?)(.*)$", unit, re.M)
    assert (allowed[0], refused[0]) == ("", "~")
    usual = calls_of("@default").union(*map(calls_of, allowed[1].split()))
    usual -= set().union(*map(calls_of, refused[1].split()))
    program = unpacked / "bin/loanstream"
    data = ["--data", tmp_path / "state"]
    for part in range(3):
        (tmp_path / "feed.jsonl").write_text('{"loan_amnt":"1000","id":"%d"}\n' % part)
        subprocess.run([program, "source", "--file", tmp_path / "feed.jsonl", "--once", "--quiet",
                        *data], check=True, capture_output=True)
        subprocess.run(["strace", "-f", "-A", "-o", tmp_path / "trace", program, "stream",
                        "--quiet", "--once", "--set", "table.max_open_files=2", *data],
                       check=True, capture_output=True,
                       env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "nobody")})
    trace = (tmp_path / "trace").read_text(errors="replace")
    called = set(re.findall(r"^\d+ +(\w+)\(", trace, re.M))
    assert {"renameat2", "fsync", "openat"} & called and called <= usual, called - usual
    assert not re.search(r"PROT_WRITE\|PROT_EXEC|mprotect\(.*PROT_EXEC", trace)
    families = set(re.findall(r"socket\((AF_\w+)", trace))
    assert families <= set(re.search(r"RestrictAddressFamilies=(.*)", unit)[1].split())


@pytest.fixture(name="manager")
def service_manager(tmp_path):
    """The socket of one, which is told the process that sent each datagram."""
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(tmp_path / "notify"))
    manager.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    manager.settimeout(30)
    yield manager
    manager.close()


def told(manager):
    text, ancillary, _, _ = manager.recvmsg(4096, socket.CMSG_SPACE(12))
    return text.decode(), struct.unpack("3i", ancillary[0][2])[0]


def test_the_unit_s_command_notifies(unpacked, debian, manager, tmp_path):
    """By the words of ExecStart: ready, alive, stopping, all from the main process."""
    unit = (debian / "usr/lib/systemd/system/loanstream-stream.service").read_text()
    words = re.search(r"^ExecStart=/usr/bin/loanstream (.*)$", unit, re.M)[1]
    words = words.replace("/var/lib/loanstream", str(tmp_path / "state")).split()
    process = subprocess.Popen(
        [unpacked / "bin/loanstream", *words], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"})
    try:
        text, sender = told(manager)
        assert "READY=1" in text and "STATUS=" in text and sender == process.pid
        for _ in range(3):
            text, sender = told(manager)
            assert "WATCHDOG=1" in text and "READY=1" not in text and sender == process.pid
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: told(manager)[0] == "STOPPING=1", 30, "STOPPING=1")
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()


def test_no_path_of_this_machine_is_searched_for_libraries(unpacked):
    for path in [unpacked / "lib/loanstream.bin", unpacked / "bin/loanstream"]:
        read = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True)
        assert not re.search(r"R(UN)?PATH", read.stdout)
    assert pathlib.Path(unpacked / "share/doc/loanstream/copyright/libc6").is_file()
