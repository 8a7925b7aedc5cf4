"""A program at a mission.

Takes reports, checks them with the registry's own rules, keeps them safe while the line is down, delivers
each exactly once.
"""
