using Espalier.Engine.Random;

namespace Espalier.Engine.Autograd;

/// <summary>How a parameter's first values are drawn.</summary>
public readonly record struct Initialization
{
    private readonly Kind _kind;
    private readonly float _size;
    private readonly Func<int, float?>? _pattern;

    private Initialization(Kind kind, float size, Func<int, float?>? pattern = null) => (_kind, _size, _pattern) = (kind, size, pattern);

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

    /// <summary>The same, but for what <paramref name="pattern"/> puts in its place: what it gives for a row and a column of a matrix
    /// of so many <paramref name="columns"/>, or null to leave the value as it was drawn.</summary>
    internal Initialization With(int columns, Func<int, int, float?> pattern) => new(_kind, _size, i => pattern(i / columns, i % columns));

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

        for (int i = 0; _pattern != null && i < values.Length; i++)
        {
            values[i] = _pattern(i) ?? values[i];
        }
    }
}
