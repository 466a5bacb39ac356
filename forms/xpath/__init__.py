"""XPath 1.0 in the ODK dialect: text to tree (`parser`), tree to closures (`compiler`), one file of functions a topic.

Knows paths and values only; what a node is comes from outside (anything with the attributes of `nodes.XNode`).
"""
