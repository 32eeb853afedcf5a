"""Starts one verb of coditect's Python support inside a sandbox: `python start.py VERB`.

The first line on the channel is the request. The verb's module sees sys.path as `python -m` would
set it: the working folder first, not this file's folder.
"""
import os
import sys


def main():
    from _coditect import channel

    link = channel.Channel()
    sys.path[0] = os.getcwd()
    verb = sys.argv[1]
    module = __import__("_coditect." + verb, fromlist=["main"])
    return module.main(link, link.receive() or {})


if __name__ == "__main__":
    sys.exit(main())
