"""The instructors' side: read what students handed in, run it in isolation, judge it outside, write the gradebook.

Nothing that a student's notebook imports comes from here.
"""
