"""At the municipality: read the extract, send only what may be collected, say line by line what is wrong.

Outward connections only; everything that may not be collected stays in the town hall.

Read ``layout`` (one municipality's columns and codes in our words); then how a file becomes people: ``lines``,
``heading``, ``origin`` (whose extract, of which month), ``places``, ``extract``; how a person becomes a 除票:
``date_habits``, ``characters``, ``history``, ``collect`` (who may leave the town hall); what goes over the line:
``line``, ``push`` (each part once), ``search`` and ``inquiry_list`` (what the registry asks for). What is said:
``findings``, ``wording``, ``screen``, ``vendor_report``. How a layout comes about: ``sample``, ``guess``,
``interview``, ``init``. Then ``state``, ``settings``, ``commands``.
"""
