namespace Espalier.Text.Sample;

/// <summary>How a hypothesis stands to a premise. The order is that of the labels of MNLI.</summary>
public enum EntailmentLabel
{
    /// <summary>Wherever the premise is true, so is the hypothesis.</summary>
    Entailment,

    /// <summary>Where the premise is true, the hypothesis is true in some cases and false in others.</summary>
    Neutral,

    /// <summary>Nowhere are both true.</summary>
    Contradiction,
}
