"""At the municipality: read the extract, send only what may be collected, say line by line what is wrong.

Outward connections only; everything that may not be collected stays in the town hall.

Read ``layout`` (one municipality's columns and codes in our words), ``extract`` (any bytes become lines or faults),
``history`` (a line becomes a line of a 除票), ``collect`` (who may leave the town hall), ``push`` (each part once);
then ``findings``, ``state``, ``settings``, ``screen``, ``commands``.
"""
