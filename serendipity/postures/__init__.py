"""Postures: the four ways of being a concierge, each with what it shows and what it does.

watch (who is here, new, alone), garden (ties that fade, people nobody met), post (introductions to
carry), write (what came of encounters); and what is left to settle. Every verb takes the shift that
gives the right to it, keeps to that shift's lieu, and leaves a trace that the person can read.
"""
