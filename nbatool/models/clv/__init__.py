"""Customer lifetime value: how often somebody will buy again, for how much, and whether they are still there.

    history      purchase days out of the warehouse (SQL)           → CustomerPurchases
    purchases    (x, t_x, T) per customer, and the collapsed rows   → Purchases, Rows
    families     BG/NBD, MBG/NBD, Pareto/NBD: the same five formulas for each
    fitting      maximum likelihood through lifetimes; selection by held-out log-likelihood
    spend        Gamma-Gamma: money per purchase
    fallback     what is said when data are too few
    model        fit_clv → ClvModel.predict → ClvScores; JSON in and out
    holdout      how well it would have predicted the last part of the history
    segments     words for value and state

Times are whole days in the data and weeks in the parameters, as in the literature.
"""
