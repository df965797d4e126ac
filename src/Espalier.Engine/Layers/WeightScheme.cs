using Espalier.Engine.Autograd;

namespace Espalier.Engine.Layers;

/// <summary>How the weights of a whole model begin.</summary>
public enum WeightSchemeKind
{
    /// <summary>Normal with deviation 0.02 everywhere, as RoBERTa.</summary>
    Normal,

    /// <summary>Glorot-uniform matrices, as the Transformer for translation.</summary>
    Glorot,
}

/// <summary>Gives each matrix its <see cref="Initialization"/>.</summary>
public readonly record struct WeightScheme(WeightSchemeKind Kind)
{
    /// <summary>For a linear layer.</summary>
    public Initialization Weight(int inputs, int outputs)
        => Kind == WeightSchemeKind.Glorot ? Initialization.Glorot(inputs, outputs) : Initialization.Normal(0.02f);
}
