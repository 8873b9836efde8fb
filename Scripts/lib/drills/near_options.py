"""A parser of arguments that names the nearest option for a mistyped one."""

import argparse
import difflib
import re


class Parser(argparse.ArgumentParser):
    def error(self, message):
        unknown = re.match(r"unrecognized arguments: (--[^\s=]+)", message)
        if unknown:
            known = [option for option, action in self._option_string_actions.items() if action.help != argparse.SUPPRESS]
            near = difflib.get_close_matches(unknown[1], known, 1)
            message += f"; did you mean {near[0]}?" if near else ""
        super().error(message)
