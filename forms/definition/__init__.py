"""A form as it was published: immutable, shared by all sessions. `load` reads it from XML and names what it cannot do.

    form = load(xml)          # raises LedgerError(FORM_INVALID, FORM_CYCLE)
    form.problems             # what a publisher must know: unknown functions, unsupported features, dead paths
"""

from forms.definition.expressions import Problem
from forms.definition.load import load
from forms.definition.model import FormDefinition

__all__ = ["FormDefinition", "Problem", "load"]
