"""Koperasi: a connector from outside, for a made-up shop that differs from the large marketplaces on purpose.

Forms go in and XML-flavoured JSON comes out; prices are text in cents; one PUT carries the whole listing; pictures
are addresses; a key that never changes replaces the sign-in. It stands alone in this folder, is found by its entry
points only, and proves that the SDK and the conformance suite are enough to write a connector with.
"""
