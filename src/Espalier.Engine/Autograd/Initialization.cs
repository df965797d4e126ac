using Espalier.Engine.Random;

namespace Espalier.Engine.Autograd;

/// <summary>How a parameter's first values are drawn.</summary>
public readonly record struct Initialization
{
    private readonly Kind _kind;
    private readonly float _size;

    private Initialization(Kind kind, float size) => (_kind, _size) = (kind, size);

    private enum Kind
    {
        Constant,
        Normal,
        Uniform,
    }

    /// <summary>All zero.</summary>
    public static Initialization Zeros => new(Kind.Constant, 0);

    /// <summary>All one.</summary>
    public static Initialization Ones => new(Kind.Constant, 1);

    /// <summary>Normal with mean 0; RoBERTa, as BERT, takes a deviation of 0.02 (Devlin et al. 2019, released code).</summary>
    public static Initialization Normal(float deviation) => new(Kind.Normal, deviation);

    /// <summary>Uniform in ±√(6 / (inputs + outputs)) (Glorot and Bengio 2010, eq. 16), as Transformers for translation begin.</summary>
    public static Initialization Glorot(int inputs, int outputs) => new(Kind.Uniform, MathF.Sqrt(6f / (inputs + outputs)));

    /// <summary>Fills <paramref name="values"/>.</summary>
    internal void Fill(Span<float> values, RandomStream random)
    {
        foreach (ref float value in values)
        {
            value = _kind switch
            {
                Kind.Normal => _size * random.NextNormal(),
                Kind.Uniform => _size * ((2 * random.NextSingle()) - 1),
                _ => _size,
            };
        }
    }
}
