"""The web front: one blueprint per role, thin views. What all of them share:

access (who may), session (who is it), language, security (headers), errors (what went wrong).
"""
