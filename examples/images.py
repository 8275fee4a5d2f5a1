"""Draws a picture with Heroku and writes it into a file.

    python examples/images.py "A lighthouse at dawn, in watercolours" lighthouse
    python examples/images.py --ratio 16:9 --seed 7 "A quiet harbour" harbour.png

Config vars come from the environment or from `.env`. With DIFFUSION_KEY and DIFFUSION_URL (or the
INFERENCE_ ones of a standard plan) this calls Heroku. Otherwise it calls a local emulator, which
draws only patterns.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from dotenv import load_dotenv
from retrieval.interrupts import finish, leave_on_interrupt

from heroku_inference import Client, ConfigError, HerokuError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the example; returns the exit code: 2 for a mistake that the user can correct."""
    load_dotenv(".env")
    options = parse(arguments)
    try:
        with ExitStack() as resources:
            image = client(resources).generate_image(
                options.prompt, aspect_ratio=options.ratio, seed=options.seed
            )
            path = image.save(options.file)
    except ConfigError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    except (HerokuError, OSError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    print(f"{path}: {image.mime_type}, {len(image.data)} bytes")
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    usage, _, details = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=usage, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prompt", metavar="PROMPT", help="what the picture should show")
    parser.add_argument(
        "file", metavar="FILE", help="where to write it; you can leave out the suffix"
    )
    parser.add_argument("--ratio", help="width to height, such as 16:9 (default: 1:1)")
    parser.add_argument("--seed", type=int, help="the same seed draws the same picture again")
    return parser.parse_args(arguments)


def client(resources: ExitStack) -> Client:
    """Gives a client of Heroku, or of an emulator when there is no key."""
    # An application reads its own config vars; the library reads those of its add-on.
    if os.environ.get("DIFFUSION_KEY") or os.environ.get("INFERENCE_KEY"):  # noqa: TID251
        return Client()
    # Imported here, so that people with a key need not install the emulator.
    from heroku_emulator import Emulator  # noqa: PLC0415

    emulator = resources.enter_context(Emulator(engine="deterministic"))
    print("INFERENCE_KEY is not set: using a local emulator", file=sys.stderr)
    return Client(api_key=emulator.api_key, base_url=emulator.url)


if __name__ == "__main__":
    leave_on_interrupt()
    finish(main())
