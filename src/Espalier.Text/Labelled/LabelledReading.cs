using Espalier.Text.Files;

namespace Espalier.Text.Labelled;

/// <summary>The reading of one labelled file: rows in, examples out.</summary>
internal sealed class LabelledReading
{
    // What SNLI and MNLI write where the annotators did not agree.
    private const string NoGoldLabel = "-";

    private readonly RowReader _rows;
    private readonly LabelledColumns _columns;
    private readonly LabelVocabulary? _given;
    private readonly int _first, _second, _label;
    private readonly List<LabelledExample> _examples = [];
    private readonly Dictionary<string, int> _met = new(StringComparer.Ordinal);
    private readonly Tally _empty = new("rows with an empty text");
    private readonly Tally _withoutGold = new("rows left out because annotators did not agree on a label (\"-\")");

    public LabelledReading(RowReader rows, LabelledColumns columns, LabelVocabulary? given)
    {
        _rows = rows;
        _columns = columns;
        _given = given;
        _first = IndexOf(columns.First);
        _second = columns.Second is null ? -1 : IndexOf(columns.Second);
        _label = IndexOf(columns.Label);
    }

    public IReadOnlyList<Warning> Warnings => Tally.Warnings(_empty, _withoutGold);

    public bool Next()
    {
        if (!_rows.Next())
            return false;
        string label = _rows.Field(_label).Trim();
        if (label == NoGoldLabel && _columns.Label == "gold_label")
        {
            _withoutGold.Add(_rows.Path, _rows.Line);
            return true;
        }
        if (label.Length == 0)
            throw Fault($"column \"{_columns.Label}\" is empty, a label was expected");
        string first = _rows.Field(_first);
        string? second = _second < 0 ? null : _rows.Field(_second);
        if (string.IsNullOrWhiteSpace(first) || (second is not null && string.IsNullOrWhiteSpace(second)))
            _empty.Add(_rows.Path, _rows.Line);
        _examples.Add(new LabelledExample(first, second, NumberOf(label)));
        return true;
    }

    public (LabelVocabulary Labels, LabelledExample[] Examples) Complete()
    {
        if (_examples.Count == 0)
            throw new TextException("has a header but no rows", _rows.Path);
        if (_given is not null)
            return (_given, [.. _examples]);
        if (_met.Count == 1)
            throw new TextException(
                $"column \"{_columns.Label}\" says \"{_met.Keys.First()}\" in all {_examples.Count:N0} rows, at least two labels were expected; is another column meant?",
                _rows.Path, 1);
        // Numbers were given in the order of meeting; now that all are known, they get the order of meaning.
        LabelVocabulary labels = LabelVocabulary.Of(_met.Keys);
        int[] final = new int[labels.Count];
        foreach ((string name, int number) in _met)
            final[number] = labels.IndexOf(name);
        return (labels, [.. _examples.Select(example => example with { Label = final[example.Label] })]);
    }

    private int NumberOf(string label)
    {
        if (_given is null)
        {
            if (!_met.TryGetValue(label, out int number))
                _met.Add(label, number = _met.Count);
            return number;
        }
        int known = _given.IndexOf(label);
        return known >= 0 ? known
            : throw Fault($"label \"{label}\" does not occur in the training set, whose labels are {string.Join(", ", _given.Names)}");
    }

    private int IndexOf(string column)
    {
        for (int i = 0; i < _rows.Columns.Count; i++)
        {
            if (_rows.Columns[i] == column)
                return i;
        }
        throw new InvalidOperationException($"column {column} was chosen but is not there");
    }

    private TextException Fault(string problem) => new(problem, _rows.Path, _rows.Line);
}
