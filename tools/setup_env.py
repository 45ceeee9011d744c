"""Build or renew `.venv` from the pins, and say in one sentence what stands in the way.

`make` calls this before everything else; where nothing changed it returns at once. Standard library only, and
no syntax newer than Python 2.7, so that too old a Python reads a sentence and not a SyntaxError.
"""

from __future__ import print_function

import hashlib
import os
import re
import subprocess
import sys

OLDEST = (3, 11)
NEEDED_GB = 1.8  # measured: 1.6 GB of .venv, and what pip unpacks on the way
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
READY, BUILDING = ".coursekit-ready", ".coursekit-building"

# What pip, venv or the system print, and the sentence for it. First match wins: a full disk also looks like a
# broken download, and a dead network also looks like a package that does not exist.
CAUSES = (
    (
        r"No space left on device|Errno 28|not enough space on the disk|Disk quota exceeded",
        "the disk is full; free about {gb} GB in {root} and 1 GB where temporary files go "
        "(TMPDIR sets the place)",
    ),
    (
        r"ensurepip is not\s+available|No module named '?(ensurepip|venv)\b|ensurepip.*returned non-zero",
        "this Python has no working venv module; on Debian or Ubuntu run `sudo apt install python3-venv`, "
        "elsewhere install Python from python.org",
    ),
    (
        r"Permission denied|Errno 13|Access is denied|Read-only file system|Errno 30|Operation not permitted",
        "a file or folder may not be written ({line}); make {root} yours or clone the course into your home",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|certificate verify failed",
        "the package index's certificate is not trusted here, as behind some company networks; "
        "set PIP_CERT to your network's certificate file",
    ),
    (
        r"satisfies the requirement (?P<name>[^\s;(]+).*from versions: (?!none)",
        "there is no {name} for Python {python} on this system; use another 64-bit Python from 3.11 to 3.14, "
        "for example `make clean env PYTHON=python3.11`",
    ),
    (
        r"NewConnectionError|Failed to establish a new connection|name resolution|Name or service not known"
        r"|getaddrinfo failed|nodename nor servname|Network is unreachable|Connection refused|ProxyError"
        r"|ConnectTimeout|Read timed out|ReadTimeout|Connection reset|Connection broken|IncompleteRead"
        r"|SSLError",
        "the package index cannot be reached; connect to the network "
        "(behind a proxy set HTTPS_PROXY, with a mirror PIP_INDEX_URL)",
    ),
    (
        r"No matching distribution found for (?P<name>[^\s;(]+)",
        "there is no {name} for Python {python} on this system; use another 64-bit Python from 3.11 to 3.14, "
        "for example `make clean env PYTHON=python3.11`",
    ),
    (
        r"ResolutionImpossible|conflicting dependencies",
        "constraints.txt and pyproject.toml contradict each other; go back to the committed versions",
    ),
    (
        r"DLL load failed|WinError 126|WinError 1114",
        "torch is installed but does not load; on Windows install the Microsoft Visual C++ Redistributable",
    ),
)


class SetupError(Exception):
    """One sentence: what is wrong and what to do about it."""


def explain(output, root):
    """The sentence for what a failed step printed."""
    for pattern, sentence in CAUSES:
        found = re.search(pattern, output)
        if found:
            start = output.rfind("\n", 0, found.start()) + 1
            line = output[start:].split("\n", 1)[0].strip()
            name = found.groupdict().get("name", "")
            return sentence.format(
                gb=NEEDED_GB, root=root, line=line, name=name, python=version(sys.version_info)
            )
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["nothing was printed"]
    errors = [line for line in lines if line.lower().startswith("error")]
    return "the reason is not a known one (`{}`)".format((errors or lines)[-1].rstrip("."))


def version(info):
    return ".".join(str(part) for part in info[:3])


def newer_python():
    """The name of a Python on the PATH that is new enough, or None."""
    for minor in (13, 12, 11, 14):
        name = "python3.{}".format(minor)
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            path = os.path.join(folder, name)
            if os.access(path, os.X_OK) and subprocess.call([path, "-c", ""], stderr=subprocess.PIPE) == 0:
                return name
    return None


def check_python(info):
    if tuple(info[:2]) < OLDEST:
        there = newer_python()
        remedy = (
            "use the one you have: `make lab PYTHON={}`".format(there)
            if there
            else "install it from python.org"
        )
        raise SetupError(
            "Python {} is too old, the course needs {} or newer; {}.".format(
                version(info), version(OLDEST), remedy
            )
        )


def check_disk(root):
    import shutil

    free = shutil.disk_usage(root).free / 1e9
    if free < NEEDED_GB:
        text = (
            "the disk is full: {} has {:.1f} GB free and the environment needs {}; free some, run it again."
        )
        raise SetupError(text.format(root, free, NEEDED_GB))


def python_in(venv):
    return (
        os.path.join(venv, "Scripts", "python.exe")
        if os.name == "nt"
        else os.path.join(venv, "bin", "python")
    )


def fingerprint(root):
    """Where the environment stands and what it was made from; a linter's settings do not count."""
    digest = hashlib.sha256()
    counts = False
    with open(os.path.join(root, "pyproject.toml"), "rb") as stream:
        for line in stream:
            if line.startswith(b"["):
                counts = line.startswith((b"[build-system", b"[project", b"[tool.setuptools"))
            digest.update(line if counts else b"")
    with open(os.path.join(root, "constraints.txt"), "rb") as stream:
        digest.update(b"".join(line for line in stream if not line.startswith(b"#")))
    return "{}\n{}\n".format(root, digest.hexdigest())


def read(path):
    if not os.path.exists(path):
        return ""
    with open(path) as stream:
        return stream.read()


def write(path, text):
    with open(path, "w") as stream:
        stream.write(text)


def works(venv):
    """Whether the environment's own Python runs, is new enough and has pip."""
    code = "import pip, sys; sys.exit(sys.version_info < {})".format(OLDEST)
    try:
        return subprocess.call([python_in(venv), "-c", code], stderr=subprocess.PIPE) == 0
    except OSError:
        return False


def clear_way(venv, root):
    """Remove an environment of ours that is unfinished, moved or broken; refuse to touch other people's."""
    import shutil

    if not os.path.lexists(venv):
        return
    made_here = os.path.exists(os.path.join(venv, BUILDING)) or os.path.exists(os.path.join(venv, READY))
    moved = made_here and read(os.path.join(venv, READY)).split("\n")[0] != root
    if made_here and (moved or not works(venv)):
        print("The environment in .venv is unfinished, moved or broken; building it anew.")
        shutil.rmtree(venv)
    elif not made_here and not works(venv):
        raise SetupError(
            ".venv is there but is no working environment of Python {} or newer with pip; "
            "move {} away and run the same again.".format(version(OLDEST), venv)
        )


def run(command, root, log):
    """Run a step, keep all it prints in the log, show the few lines that tell a reader how far it is."""
    env = dict(os.environ, PYTHONUNBUFFERED="1", PIP_USER="0")
    for name in ("PYTHONPATH", "PYTHONHOME"):  # another tool's packages must not pass for ours
        env.pop(name, None)
    lines = []
    step = subprocess.Popen(
        command, cwd=root, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    )
    log.write("$ {}\n".format(" ".join(command)))
    for raw in step.stdout:
        line = raw.decode("utf-8", "replace")
        log.write(line)
        log.flush()
        lines.append(line)
        show(line, len([each for each in lines if each.startswith("Collecting")]))
    if step.wait() != 0:
        raise SetupError("{}; all that was printed is in {}.".format(explain("".join(lines), root), log.name))
    return "".join(lines)


def show(line, collected):
    size = re.match(r"\s*Downloading (\S+) \((\d{2,})\.?\d* ?MB\)", line)
    if size:
        print(
            "  downloading {} ({} MB)".format(size.group(1).split("/")[-1].split("-")[0], size.group(2)),
            flush=True,
        )
    elif line.startswith("Installing collected packages") and line.count(",") > 20:
        print("  installing {} packages, about a minute".format(line.count(",") + 1), flush=True)
    elif line.startswith("Collecting") and collected % 25 == 0:
        print("  found {} packages".format(collected), flush=True)


def reachable(url, seconds=3):
    """Whether anything answers there; in a thread, because looking up a name has no time limit of its own."""
    import threading
    import urllib.request

    answers = []

    def ask():
        try:
            urllib.request.urlopen(url, timeout=seconds).close()
            answers.append(True)
        except Exception:  # whatever stands between us and the index, the answer is no
            answers.append(False)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return answers == [True]


def torch_source():
    """On Linux the default index has torch with several GB of CUDA: ask for the CPU build if in reach."""
    if not sys.platform.startswith("linux") or not reachable(CPU_INDEX + "/torch/"):
        return []
    return ["--extra-index-url", CPU_INDEX]


def advise_on_cuda(venv, root, log):
    """Torch must load; a CUDA build works too, so it gets advice and no refusal."""
    cuda = run([python_in(venv), "-c", "import torch; print(torch.version.cuda or '')"], root, log).strip()
    if cuda and sys.platform.startswith("linux"):
        pin = re.search(r"^torch==\S+", read(os.path.join(root, "constraints.txt")), re.M).group(0)
        print(
            "Note: torch came as a CUDA build, which the course does not need; for the small one run "
            "`{} -m pip install --force-reinstall --no-deps {} --index-url {}`.".format(
                python_in(venv), pin, CPU_INDEX
            )
        )


def build(root, python, log):
    venv = os.path.join(root, ".venv")
    clear_way(venv, root)
    fresh = not os.path.exists(venv)
    cost = "a few minutes and {} GB, once".format(NEEDED_GB) if fresh else "what changed, into what is there"
    print("Setting up .venv: {}; details in {}.".format(cost, log.name), flush=True)
    if fresh:
        check_disk(root)
        os.mkdir(venv)
        write(
            os.path.join(venv, BUILDING),
            "Being built by tools/setup_env.py; found again, it is built anew.\n",
        )
        run([python, "-m", "venv", venv], root, log)
    elif os.path.exists(os.path.join(venv, READY)):
        os.remove(os.path.join(venv, READY))
    command = [python_in(venv), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    # -r, not -c: a pin that this Python cannot have is an error at once, no search through old versions.
    run(command + torch_source() + ["-r", "constraints.txt", "-e", ".[dev]"], root, log)
    advise_on_cuda(venv, root, log)
    write(os.path.join(venv, READY), fingerprint(root))
    if fresh:
        os.remove(os.path.join(venv, BUILDING))
    print("The environment stands.")


def open_log(root):
    """`build/setup.log`, or a temporary file where the course's folder may not be written."""
    import tempfile

    try:
        folder = os.path.join(root, "build")
        if not os.path.isdir(folder):
            os.mkdir(folder)
        return open(os.path.join(folder, "setup.log"), "w")
    except OSError:
        return tempfile.NamedTemporaryFile("w", prefix="coursekit-setup-", suffix=".log", delete=False)


def main(root, python, info=sys.version_info):
    """Return the exit status: 0 when the environment stands."""
    venv = os.path.join(root, ".venv")
    try:
        if read(os.path.join(venv, READY)) == fingerprint(root) and os.path.exists(python_in(venv)):
            return 0
        check_python(info)
        with open_log(root) as log:
            build(root, python, log)
        return 0
    except SetupError as error:
        fault = str(error)
    except KeyboardInterrupt:
        fault = "interrupted; run the same again and it starts afresh."
    except (IOError, OSError) as error:
        fault = explain(str(error), root) + "."
    print("Setting up failed: " + fault, file=sys.stderr)
    return 1


if __name__ == "__main__":
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.exit(main(here, sys.executable))
