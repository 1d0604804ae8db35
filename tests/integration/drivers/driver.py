"""What every driver shares: a verb and its words on the command line, an answer on stdout.

A driver is run by the Python of the fetched packages, one process per verb, so that a client
starts as it does in a program of its own. LODE_URL, LODE_ACCESS_KEY and LODE_SECRET_KEY say where
to and who. What the client raises ends the process; its last line on stderr says what it was.
"""

import json
import os
import sys

PART = 5 * 1024 * 1024      # of multipart uploads: the smallest that S3 allows


def serve(make):
    """Calls the verb's method on make(url, access_key, secret_key) and prints what it returns."""
    verb, *words = sys.argv[1:]
    client = make(os.environ["LODE_URL"], os.environ["LODE_ACCESS_KEY"],
                  os.environ["LODE_SECRET_KEY"])
    print(json.dumps(getattr(client, verb)(*words)))
