"""Reviews written for this project: the sample files, and the texts that every bundle is checked with."""

GOLDEN = (
    "Arrived a day early, fits perfectly, and my daughter has not taken it off since. Would buy again.",
    "Broke after two days. Support never answered. Do not waste your money.",
    "I wanted to love this film. The cast is superb, the first hour sings, and then it all falls apart into noise.",
    "not bad at all, for the price its actually great",
    "Great. Another charger that charges nothing. Five stars for the box.",
    "ok",
    "The room was small and the lift was out of order, but the staff could not have been kinder, breakfast was the "
    "best of our whole trip, and the view of the harbour from the roof alone is worth the price. We will be back.",
    "Cancelled my order twice and kept the deposit. Avoid.",
)
