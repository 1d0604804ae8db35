"""What every driver shares: a verb and its words on the command line, an answer on stdout.

A driver is run by the Python of the fetched packages, one process per verb, so that a client
starts as it does in a program of its own. LODE_URL, LODE_ACCESS_KEY and LODE_SECRET_KEY say where
to and who. A store's refusal is told as JSON and exit code 3.
"""

import json
import os
import sys

PART = 5 * 1024 * 1024      # of multipart uploads: the smallest that S3 allows
REFUSED = 3


def serve(make, refusal_of):
    """Calls the verb's method on make(url, access_key, secret_key) and prints what it returns.

    refusal_of(exception) is (HTTP status, error code), each None where the client does not say,
    or None when the exception is no answer of the store's.
    """
    verb, *words = sys.argv[1:]
    try:
        client = make(os.environ["LODE_URL"], os.environ["LODE_ACCESS_KEY"],
                      os.environ["LODE_SECRET_KEY"])
        told = getattr(client, verb)(*words)
    except Exception as failed:
        refusal = refusal_of(failed)
        if refusal is None:
            raise
        print(json.dumps(refusal))
        print(failed, file=sys.stderr)
        sys.exit(REFUSED)
    print(json.dumps(told))
