using System.Globalization;
using System.Text;

namespace EventService.Physics.Formats;

/// <summary>
/// Reads the Python literal in the header of a NumPy file: dictionaries, tuples, lists, strings, whole numbers, True, False,
/// None. Gives Dictionary, List (for lists and tuples), string, long, bool, null. A <see cref="FormatException"/> says what is wrong.
/// </summary>
internal sealed class PythonLiteral
{
    private const int MaximumDepth = 8;

    private readonly string _text;
    private int _at;

    private PythonLiteral(string text) => _text = text;

    public static object? Parse(string text)
    {
        var parser = new PythonLiteral(text);
        var value = parser.Value(0);
        parser.SkipBlanks();
        return parser._at == text.Length ? value : throw parser.Fault("the end");
    }

    private object? Value(int depth)
    {
        if (depth > MaximumDepth)
        {
            throw new FormatException($"it is nested more than {MaximumDepth} deep");
        }

        SkipBlanks();
        return Peek() switch
        {
            '{' => Dictionary(depth),
            '[' => Sequence(']', depth),
            '(' => Sequence(')', depth),
            '\'' or '"' => String(),
            '-' or (>= '0' and <= '9') => Number(),
            _ => Word(),
        };
    }

    private Dictionary<string, object?> Dictionary(int depth)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        _at++;
        while (!TryTake('}'))
        {
            if (Value(depth + 1) is not string key)
            {
                throw Fault("a string as key");
            }

            if (!TryTake(':'))
            {
                throw Fault("':'");
            }

            if (!values.TryAdd(key, Value(depth + 1)))
            {
                throw new FormatException($"key '{key}' is there twice");
            }

            if (!TryTake(',') && Peek() != '}')
            {
                throw Fault("',' or '}'");
            }
        }

        return values;
    }

    private List<object?> Sequence(char end, int depth)
    {
        var values = new List<object?>();
        _at++;
        while (!TryTake(end))
        {
            values.Add(Value(depth + 1));
            if (!TryTake(',') && Peek() != end)
            {
                throw Fault($"',' or '{end}'");
            }
        }

        return values;
    }

    private string String()
    {
        var quote = _text[_at++];
        var text = new StringBuilder();
        while (Peek() != quote)
        {
            if (Peek() == '\\')
            {
                _at++;
                if (Peek() is not ('\\' or '\'' or '"'))
                {
                    throw Fault("an escaped quote or backslash");
                }
            }

            if (_at >= _text.Length)
            {
                throw Fault($"the closing {quote}");
            }

            text.Append(_text[_at++]);
        }

        _at++;
        return text.ToString();
    }

    private object Number()
    {
        var start = _at++;
        while (char.IsAsciiDigit(Peek()))
        {
            _at++;
        }

        if (!long.TryParse(_text.AsSpan(start, _at - start), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
        {
            throw new FormatException($"'{_text[start.._at]}' is not a whole number of 64 bits");
        }

        if (Peek() == 'L')
        {
            _at++; // Python 2 wrote 10L
        }

        return value;
    }

    private object? Word()
    {
        var start = _at;
        while (char.IsAsciiLetter(Peek()))
        {
            _at++;
        }

        switch (_text[start.._at])
        {
            case "True": return true;
            case "False": return false;
            case "None": return null;
        }

        _at = start;
        throw Fault("a value");
    }

    private bool TryTake(char c)
    {
        SkipBlanks();
        if (Peek() != c || _at >= _text.Length)
        {
            return false;
        }

        _at++;
        return true;
    }

    private void SkipBlanks()
    {
        while (Peek() is ' ' or '\n' or '\t' or '\r')
        {
            _at++;
        }
    }

    /// <summary>The next character, NUL at the end.</summary>
    private char Peek() => _at < _text.Length ? _text[_at] : '\0';

    private FormatException Fault(string expected) =>
        new(_at < _text.Length
            ? $"found '{(char.IsControl(_text[_at]) ? '?' : _text[_at])}' at character {_at + 1}, expected {expected}"
            : $"it ends where {expected} is expected");
}
