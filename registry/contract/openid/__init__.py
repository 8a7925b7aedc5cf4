"""OpenID Connect as relying party, for whoever people sign in at: the registry, and the console of a mission's gateway.

Read ``providers`` (who may say who somebody is), ``steps`` (out to one and back), ``line`` (what is asked of it),
``signed_token`` with ``id_token`` and ``subject_token`` (what makes its word believed), then ``possession``.
"""
