"""The manual, the pages made from the code, completion, and every example that help gives."""

import gzip
import os
import re
import shutil
import signal
import subprocess

import pyarrow.csv
import pyarrow.parquet
import pytest

from support.program import PROGRAM, ROOT, Process, run, wait_until

PAGES = ["cli", "settings", "events", "metrics"]


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_what_the_program_says(page):
    said = run("manual", "--markdown", page).out
    assert said == (ROOT / f"docs/{page}.md").read_text(), "./dev docs writes it anew"


def test_the_crash_points_in_the_docs_are_those_of_the_code():
    said = run("manual", "--markdown", "crash-points").out
    page = (ROOT / "docs/delivery.md").read_text()
    assert said in page, "./dev docs writes it anew"
    assert said.count("\n") > 25


def test_the_manual_page_is_sound_troff():
    page = run("manual").out
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww"], input=page.encode(),
                          capture_output=True, check=True)
    assert done.stderr == b""
    text = re.sub(".\b", "", done.stdout.decode())
    assert "loanstream stream [PROFILE] [TOPIC]" in text and "table.commit_every" in text


def completed(shell, line):
    """What the shell offers at the end of a command line."""
    folder = os.path.dirname(PROGRAM)
    env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    if shell == "fish":
        script = f'loanstream completion fish | source; complete -C "{line}"'
        found = subprocess.run(["fish", "-N", "-c", script], capture_output=True, env=env,
                               check=True)
        return {word.split("\t")[0] for word in found.stdout.decode().splitlines()}
    words = line.split(" ")
    setup = f"COMP_WORDS=({' '.join(repr(w) for w in words)}); COMP_CWORD={len(words) - 1}"
    script = ("source <(loanstream completion bash); " + setup +
              "; _loanstream; printf '%s\\n' \"${COMPREPLY[@]}\"")
    found = subprocess.run(["bash", "-c", script], capture_output=True, env=env, check=True)
    return set(found.stdout.decode().split())


@pytest.mark.parametrize("shell", ["bash", "fish"])
@pytest.mark.parametrize("line, offers", [
    ("loanstream ta", {"table"}),
    ("loanstream table s", {"show", "sql"}),
    ("loanstream stream --dr", {"--dry-run"}),
    ("loanstream stream --quiet --onc", {"--once"}),
    ("loanstream dead fix --rep", {"--repair"}),
    ("loanstream table prove --pol", {"--policy"}),
])
def test_completion_offers(shell, line, offers):
    assert completed(shell, line) == offers


def test_bash_offers_settings_after_set():
    assert completed("bash", "loanstream stream --set table.co") == {"table.commit_every=",
                                                                    "table.codec="}


def test_zsh_takes_its_script():
    folder = os.path.dirname(PROGRAM)
    env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run(["zsh", "-f", "-c", "source <(loanstream completion zsh); "
                           "whence -w _loanstream"], capture_output=True, env=env, check=True)
    assert done.stdout.decode().strip() == "_loanstream: function" and done.stderr == b""


# These need brokers: tests/kafka/test_examples.py runs them.
ON_KAFKA = re.compile(r" (local|cluster|conf/ours\.toml)( |$)")


def examples():
    text = (ROOT / "docs/cli.md").read_text()
    return [line for block in re.findall(r"```\n(.*?)```", text, re.S)
            for line in block.splitlines() if not ON_KAFKA.search(line)]


def test_every_verb_has_examples():
    assert len(examples()) > 40


def both_sides(desk):
    """What table compare takes, in each form."""
    run("decide", desk / "applications.jsonl", "--out", desk / "new.parquet")
    decided = pyarrow.parquet.read_table(desk / "new.parquet")
    pyarrow.csv.write_csv(decided.select(["member_id", "status", "data"]), desk / "old.csv")
    pyarrow.csv.write_csv(decided, desk / "new.csv")
    subprocess.run(["gzip", desk / "new.csv"], check=True)
    (desk / "old/dt=2026-11-23").mkdir(parents=True)
    pyarrow.parquet.write_table(decided, desk / "old/dt=2026-11-23/part-0.parquet")


@pytest.fixture(name="desk", scope="module")
def the_folder_of_the_examples(tmp_path_factory):
    """Every file that an example names, and a table with a dead letter at offset 42."""
    desk = tmp_path_factory.mktemp("desk")
    lines = run("applicants", "generate", "-n", 80, "--dirty", 0).out.splitlines()
    lines[42] = '{"loan_amnt":"many","annual_inc":"50000","dti":"5"}'
    lines[43] = "{'loan_amnt': '5'}"
    jsonl = "\n".join(lines) + "\n"
    (desk / "applications.jsonl").write_text(jsonl)
    table = "loan_amnt,annual_inc,dti\n" + "".join(f"{n},50000,5\n" for n in range(100, 140))
    for name in ("applications.csv.gz", "LoanStats3a.csv.gz", "LoanStats_2016Q1.csv.gz"):
        (desk / name).write_bytes(gzip.compress(table.encode()))
    (desk / "LoanStats_2016Q1.csv").write_text(table)
    policy = run("policy", "show", "--source").out.replace("../models/", "embedded:models/")
    for name in ("my.toml", "old.toml", "new.toml"):
        (desk / name).write_text(policy)
    (desk / "my.story").write_text("# name: mine\n# why: shows\ninput a/0\n{}\nexpect rejects\n")
    both_sides(desk)
    (desk / "tests").symlink_to(ROOT / "tests")
    for topic in ("fintech_pyspark", "applicants"):
        data = desk / "loanstream-data"
        run("topic", "create", topic, "--partitions", 1 if topic[0] == "f" else 2, data=data)
        run("source", "embedded", topic, "--file", desk / "applications.jsonl", "--once",
            "--quiet", data=data)
        run("stream", "embedded", topic, "--once", "--quiet", data=data)
    (desk / "spark-output").mkdir()
    (desk / "spark-output/part-0.csv").write_text(run(
        "table", "sql", "--csv", "select application_id, status from prediction", data=data).out)
    return desk


# Those that go on until they are told to stop.
ENDLESS = re.compile(r"loanstream (demo$|demo --for|applicants serve|source( |$)(?!.*--file)"
                     r"|stream$|stream embedded)")
# Their answer is no where what they make is there, or what they remove is not.
NEEDS = {"loanstream topic create": "rm -r loanstream-data/topics/fintech_pyspark",
         "loanstream topic create applicants --partitions 4":
             "rm -r loanstream-data/topics/applicants",
         "loanstream resume --why 'it is up again'": f"{PROGRAM} pause --why 'it is down'",
         "loanstream review-all off --why 'model 6 is back'":
             f"{PROGRAM} review-all on --why 'model 7'",
         "loanstream table restore monday --data elsewhere":
             f"{PROGRAM} table backup monday"}


@pytest.mark.parametrize("example", examples())
def test_the_example_works(tmp_path, desk, example, request):
    folder = tmp_path / "desk"
    shutil.copytree(desk, folder, symlinks=True)
    env = {**os.environ, "PATH": f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}",
           "LOANSTREAM_APPLICANTS_PORT": "0"}
    if example in NEEDS:
        subprocess.run(NEEDS[example], shell=True, cwd=folder, check=True)
    if not ENDLESS.match(example):
        done = subprocess.run(["bash", "-c", example], cwd=folder, env=env, capture_output=True,
                              timeout=100, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stderr.decode()
        return
    if " source" in example:  # with an API that answers
        api = Process("applicants", "serve", "--port", "0", "-n", "20", data=None, folder=folder)
        request.addfinalizer(api.close)
        url = wait_until(lambda: re.search(r"http://[\w.:]+/\S+", api.text()), 30, "the API's URL")
        env["LOANSTREAM_SOURCE_URL"] = url[0]
    with open(folder / "output", "wb") as output:
        process = subprocess.Popen(["bash", "-c", "exec " + example], cwd=folder, env=env,
                                   stdout=output, stderr=subprocess.STDOUT)
    try:
        if "--once" in example:
            assert process.wait(timeout=60) == 0
        else:
            wait_until(lambda: (folder / "output").stat().st_size > 0, 30, "output")
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0, (folder / "output").read_text()
    finally:
        process.kill()
