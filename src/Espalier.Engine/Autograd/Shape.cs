namespace Espalier.Engine.Autograd;

/// <summary>
/// Size of a tensor: a vector of <see cref="Columns"/> elements, or a row-major matrix. Batches are unpadded, so that a
/// batch of sequences is a matrix too: one row for each token.
/// </summary>
public readonly record struct Shape
{
    private Shape(int rows, int columns, int rank) => (Rows, Columns, Rank) = (rows, columns, rank);

    /// <summary>Rows; 1 for a vector.</summary>
    public int Rows { get; }

    /// <summary>Elements of a row.</summary>
    public int Columns { get; }

    /// <summary>1 for a vector, 2 for a matrix.</summary>
    public int Rank { get; }

    /// <summary>Elements in all.</summary>
    public long Count => (long)Rows * Columns;

    /// <summary>A vector.</summary>
    public static Shape Vector(int count) => new(1, count, 1);

    /// <summary>A matrix.</summary>
    public static Shape Matrix(int rows, int columns) => new(rows, columns, 2);

    /// <inheritdoc/>
    public override string ToString() => Rank == 1 ? $"[{Columns}]" : $"[{Rows} × {Columns}]";
}
