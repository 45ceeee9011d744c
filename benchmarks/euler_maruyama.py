"""What the simulator costs beside a loop written by hand: `python benchmarks/euler_maruyama.py`.

Both take the same steps of an Ornstein-Uhlenbeck process and record every state. They run in turn, a round of
each at a time, so that a busy machine slows both; the ratio of each round counts, and the median is printed.
Then the memory that recording 10,000 x 300 states takes beyond the states themselves, in a fresh process.
"""

import statistics
import subprocess
import sys
import time

import coursekit  # first: it asks for one thread before torch starts

import torch  # isort: skip

STEPS, ROUNDS = 300, 15


def by_hand(x: torch.Tensor, theta: float, sigma: float, h: float) -> torch.Tensor:
    states = torch.empty(STEPS + 1, *x.shape)
    states[0] = x
    for k in range(STEPS):
        x = x + h * (-theta * x) + sigma * h**0.5 * torch.randn_like(x)
        states[k + 1] = x
    return states


def seconds(run, *args) -> float:
    start = time.perf_counter()
    run(*args)
    return time.perf_counter() - start


def ratio(batch: int) -> float:
    process, method = coursekit.OrnsteinUhlenbeck(1.0, 1.0), coursekit.EulerMaruyama()
    x0, times = torch.randn(batch, 2), coursekit.time_grid(STEPS)
    rounds = []
    for _ in range(ROUNDS):
        ours = seconds(coursekit.simulate, process, x0, times, method)
        rounds.append(ours / seconds(by_hand, x0, 1.0, 1.0, 1 / STEPS))
    return statistics.median(rounds)


MEMORY = """
import re
import coursekit, torch

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024

process, method = coursekit.OrnsteinUhlenbeck(1.0, 1.0), coursekit.EulerMaruyama()
x0 = torch.randn(10_000, 2)
coursekit.simulate(process, x0, coursekit.time_grid(3), method)
open("/proc/self/clear_refs", "w").write("5")  # forget the peak of the imports
before = peak()
xs = coursekit.simulate(process, x0, coursekit.time_grid(300), method)
print(peak() - before - xs.nbytes / 2**20)
"""


def main() -> None:
    for batch in (1_000, 10_000):
        print(f"batch {batch:6,}: {ratio(batch):.2f} times a hand-written loop")
    beyond = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    print(f"recording 10,000 x 300 states: {float(beyond.stdout):.1f} MB beyond the states (Linux)")


if __name__ == "__main__":
    main()
