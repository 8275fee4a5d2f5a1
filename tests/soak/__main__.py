"""`python -m tests.soak --seconds 1800`: fails if an answer is wrong, or anything grows."""

from __future__ import annotations

import argparse
import random
import sys

from tests.soak.soak import soak
from tests.soak.verdict import faults_of

parser = argparse.ArgumentParser(prog="python -m tests.soak")
parser.add_argument("--seconds", type=float, default=1800)
parser.add_argument("--share", type=float, default=0.25, help="of the answers that are spoilt")
parser.add_argument("--seed", type=int, default=random.randrange(10**6))
arguments = parser.parse_args()
report = soak(arguments.seconds, share=arguments.share, seed=arguments.seed)
print(f"seed {arguments.seed}: {report}")
faults = faults_of(report)
for fault in faults[:20]:
    print(f"FAILED: {fault}")
sys.exit(bool(faults))
